//! `VID:PID:uMa=Maker:sVe=…`: which device a file of usb_modeswitch is for.

use super::plan::UsbId;

/// What a device says of itself: its USB strings, and those of its disc.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Strings {
    /// USB: maker (`uMa`).
    pub manufacturer: String,
    /// USB: product (`uPr`).
    pub product: String,
    /// USB: serial number (`uSe`).
    pub serial: String,
    /// SCSI: vendor of its disc (`sVe`).
    pub disc_vendor: String,
    /// SCSI: model of its disc (`sMo`).
    pub disc_model: String,
    /// SCSI: revision of its disc (`sRe`).
    pub disc_revision: String,
}

/// The name of a file, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileName {
    /// The device before it is switched.
    pub id: UsbId,
    /// What it must say of itself besides.
    pub conditions: Vec<Condition>,
}

/// One condition. `_` in its text stands for a blank too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// Such as `uMa`.
    pub attribute: String,
    /// A part of what it says.
    pub text: String,
}

impl FileName {
    /// `None`: the name of another file.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        if name.len() > 255 {
            return None;
        }
        let mut parts = name.split(':');
        let (vendor, product) = (parts.next()?, parts.next()?);
        let id = format!("{vendor}:{product}").parse().ok()?;
        let conditions = parts.map(Condition::parse).collect::<Option<_>>()?;
        Some(Self { id, conditions })
    }

    /// Whether this device is meant.
    #[must_use]
    pub fn is_of(&self, id: UsbId, strings: &Strings) -> bool {
        self.id == id && self.conditions.iter().all(|one| one.holds(strings))
    }
}

impl Condition {
    /// `attribute=text`; `None`: it is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (attribute, text) = text.split_once('=')?;
        (!attribute.is_empty()).then(|| Self {
            attribute: attribute.to_owned(),
            text: text.to_owned(),
        })
    }

    /// An attribute that is not known holds for no device.
    #[must_use]
    pub fn holds(&self, strings: &Strings) -> bool {
        let said = match self.attribute.as_str() {
            "uMa" => &strings.manufacturer,
            "uPr" => &strings.product,
            "uSe" => &strings.serial,
            "sVe" => &strings.disc_vendor,
            "sMo" => &strings.disc_model,
            "sRe" => &strings.disc_revision,
            _ => return false,
        };
        said.contains(&self.text) || said.contains(&self.text.replace('_', " "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_ids_and_conditions() {
        let id = "05c6:1000".parse().unwrap();
        let strings = Strings {
            manufacturer: "Option N.V.".to_owned(),
            product: "USB Modem 1".to_owned(),
            disc_vendor: "GT".to_owned(),
            ..Strings::default()
        };
        for (name, holds) in [
            ("05c6:1000", true),
            ("05C6:1000", true),
            ("05c6:1001", false),
            ("05c6:1000:uMa=Option", true),
            ("05c6:1000:uMa=AnyDATA", false),
            ("05c6:1000:uPr=USB_Modem", true),
            ("05c6:1000:uMa=Option:sVe=GT", true),
            ("05c6:1000:uMa=Option:sVe=XX", false),
            ("05c6:1000:xXx=Option", false),
        ] {
            let read = FileName::parse(name).unwrap();
            assert_eq!(read.is_of(id, &strings), holds, "{name}");
        }
        for other in [
            "",
            "README",
            "12d1",
            "12d1:#linux",
            "05c6:1000:uMa",
            "05c6:1000:=x",
            "a:b",
        ] {
            assert_eq!(FileName::parse(other), None, "{other}");
        }
    }
}
