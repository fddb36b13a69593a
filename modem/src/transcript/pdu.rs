//! PDUs with fictional numbers and masked texts, octet by octet in their places.
//!
//! Nothing is encoded anew: lengths, headers, reserved bits and slips of the modem stay, since they may be what a report is
//! about. What `sms-codec` cannot read keeps its length and its first octets, and loses the rest.

use sms_codec::gsm7::{self, Shifts};
use sms_codec::{Alphabet, DecodeOptions, Decoded, Direction, Tpdu, UserData, decode, hex, ucs2};

use super::mask;
use super::numbers::Numbers;

/// Replaces in the hexadecimal digits of one PDU. Blanks and quotes stay; what follows the digits is masked as text.
pub(super) fn replace(text: &str, direction: Direction, numbers: &mut Numbers) -> String {
    let digits: String = leading_digits(text).collect();
    let octets = hex::decode(digits.get(..digits.len() / 2 * 2).unwrap_or_default());
    let Ok(mut octets) = octets else {
        return mask::text(text);
    };
    replace_octets(&mut octets, direction, numbers);
    let written = mask::in_case_of(&digits, hex::encode(&octets));
    // Half an octet at the end stays one.
    let mut written = written
        .chars()
        .chain(std::iter::once('0'))
        .take(digits.len());
    let behind = mask::text(text);
    text.chars()
        .zip(behind.chars())
        .map(|(given, masked)| match given {
            ' ' | '"' => given,
            _ => written.next().unwrap_or(masked),
        })
        .collect()
}

/// How many hexadecimal digits a text begins with, blanks and quotes aside.
pub(super) fn digits_in_front(text: &str) -> usize {
    leading_digits(text).count()
}

fn leading_digits(text: &str) -> impl Iterator<Item = char> + '_ {
    text.chars()
        .filter(|character| !matches!(character, ' ' | '"'))
        .take_while(char::is_ascii_hexdigit)
}

fn replace_octets(octets: &mut [u8], direction: Direction, numbers: &mut Numbers) {
    let options = DecodeOptions {
        direction,
        ..DecodeOptions::default()
    };
    let decoded = decode(octets, &options);
    let behind = service_centre(octets, numbers);
    // A service centre longer than all there is: only its length stays.
    let behind = if behind <= octets.len() { behind } else { 0 };
    let tpdu = octets.get_mut(behind..).unwrap_or_default();
    if decoded.is_ok_and(|decoded| replace_tpdu(tpdu, &decoded, numbers).is_some()) {
        return;
    }
    for octet in tpdu.iter_mut().skip(1) {
        *octet = 0;
    }
}

/// Replaces the service centre and says how many octets it takes.
fn service_centre(octets: &mut [u8], numbers: &mut Numbers) -> usize {
    let length = octets.first().copied().map_or(0, usize::from);
    if length > 0
        && let Some([_, digits @ ..]) = octets.get_mut(1..=length)
    {
        semi_octets(digits, usize::MAX, numbers);
    }
    length + 1
}

/// `None` where a field is not where it belongs.
fn replace_tpdu(tpdu: &mut [u8], decoded: &Decoded, numbers: &mut Numbers) -> Option<()> {
    // Where the address stands: 3GPP TS 23.040 §9.2.2.
    let address_at = match &decoded.tpdu {
        Tpdu::Deliver(_) => Some(1),
        Tpdu::Submit(_) | Tpdu::StatusReport(_) => Some(2),
        Tpdu::Command(_) => Some(5),
        Tpdu::SubmitReport(_) | Tpdu::DeliverReport(_) => None,
    };
    let user_data = decoded
        .tpdu
        .user_data()
        .filter(|data| !data.octets().is_empty());
    // Searched before anything changes.
    let place = user_data.map(|data| {
        let found = tpdu
            .windows(data.octets().len())
            .rposition(|octets| octets == data.octets());
        found.map(|at| (at, data))
    });
    let mut behind_address = 1;
    if let Some(at) = address_at {
        behind_address = at + address(tpdu.get_mut(at..)?, numbers)?;
    }
    match place {
        Some(Some((at, data))) if at >= behind_address => {
            let (own, rest) = tpdu
                .get_mut(at..)?
                .split_at_mut_checked(data.octets().len())?;
            replace_user_data(own, data)?;
            rest.fill(0);
        }
        Some(Some(_) | None) => return None,
        None => {
            let end = match &decoded.tpdu {
                // TP-CDL stays, TP-CD goes.
                Tpdu::Command(_) => behind_address + 1,
                Tpdu::Deliver(_)
                | Tpdu::Submit(_)
                | Tpdu::StatusReport(_)
                | Tpdu::SubmitReport(_)
                | Tpdu::DeliverReport(_) => decoded.tpdu.emit().len(),
            };
            if let Some(rest) = tpdu.get_mut(end..) {
                rest.fill(0);
            }
        }
    }
    Some(())
}

/// Replaces an address and says how many octets it takes (3GPP TS 23.040 §9.1.2.5).
fn address(octets: &mut [u8], numbers: &mut Numbers) -> Option<usize> {
    let [length, type_of_address, ..] = *octets else {
        return None;
    };
    let digits = usize::from(length);
    let end = 2 + digits.div_ceil(2);
    let value = octets.get_mut(2..end)?;
    if type_of_address & 0x70 == 0x50 {
        let septets = gsm7::unpack(value, 0, digits * 4 / 7);
        overwrite(
            value,
            &gsm7::pack(&mask::septets(&septets, Shifts::default()), 0),
        );
    } else {
        semi_octets(value, digits, numbers);
    }
    Some(end)
}

/// Replaces digits that are stored in swapped halves of octets.
fn semi_octets(octets: &mut [u8], count: usize, numbers: &mut Numbers) {
    let halves: Vec<u8> = octets
        .iter()
        .flat_map(|octet| [octet & 0x0f, octet >> 4])
        .collect();
    let shown: String = halves
        .iter()
        .take(count)
        .map(|&half| match half {
            0..=9 => char::from(b'0' + half),
            _ => '*',
        })
        .collect();
    let replaced = numbers.replace(&shown, 0);
    let halves: Vec<u8> = halves
        .iter()
        .zip(replaced.chars().map(Some).chain(std::iter::repeat(None)))
        .map(|(&half, digit)| {
            digit
                .and_then(|digit| digit.to_digit(10))
                .and_then(|digit| u8::try_from(digit).ok())
                .unwrap_or(half)
        })
        .collect();
    let joined: Vec<u8> = halves
        .chunks_exact(2)
        .filter_map(|halves| <[u8; 2]>::try_from(halves).ok())
        .map(|[low, high]| high << 4 | low)
        .collect();
    overwrite(octets, &joined);
}

fn replace_user_data(octets: &mut [u8], data: &UserData) -> Option<()> {
    let header = octets.len().checked_sub(data.body().len())?;
    let coding = data.data_coding();
    let length = usize::from(data.length());
    let (header_octets, body) = octets.split_at_mut_checked(header)?;
    if coding.is_compressed() {
        body.fill(b'x');
    } else {
        match coding.alphabet() {
            Alphabet::Gsm7 => {
                let header_septets = (header * 8).div_ceil(7);
                let fill = header_septets * 7 - header * 8;
                let septets = gsm7::unpack(body, fill, length.saturating_sub(header_septets));
                let masked = mask::septets(&septets, data.shifts());
                let packed = gsm7::pack(&masked, u8::try_from(fill).ok()?);
                // Behind the last septet nothing may stand either.
                body.fill(0);
                overwrite(body, &packed);
            }
            Alphabet::Ucs2 => {
                let masked = ucs2::octets(&mask::code_units(&ucs2::code_units(body)));
                body.fill(0);
                overwrite(body, &masked);
            }
            Alphabet::Data => body.fill(b'x'),
        }
    }
    replace_header(header_octets);
    Some(())
}

/// What an element says stays where it is about the message's form; everything else may hold a number or a text.
fn replace_header(header: &mut [u8]) {
    let mut rest = header.get_mut(1..).unwrap_or_default();
    while let [identifier, length, behind @ ..] = rest {
        // An element that claims more than there is loses all there is.
        let length = usize::from(*length).min(behind.len());
        let (data, next) = behind.split_at_mut(length);
        // Concatenation, message waiting, ports, national tables (3GPP TS 23.040 §9.2.3.24).
        if !matches!(identifier, 0x00 | 0x01 | 0x04 | 0x05 | 0x08 | 0x24 | 0x25) {
            data.fill(0);
        }
        rest = next;
    }
}

fn overwrite(octets: &mut [u8], with: &[u8]) {
    for (octet, with) in octets.iter_mut().zip(with) {
        *octet = *with;
    }
}
