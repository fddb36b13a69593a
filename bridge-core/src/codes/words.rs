//! The words that say that something is a code, and those that say that it is another thing.

/// A word that says that a code is near.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hit {
    pub(super) start: usize,
    pub(super) end: usize,
    /// It means nothing else.
    pub(super) is_clear: bool,
}

/// Where a word may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    /// Alone.
    Whole,
    /// With endings, or as the end of a longer one: `kodunuz`, `Sicherheitscode`.
    Any,
}

use At::{Any, Whole};

/// They mean nothing else.
const CLEAR: &[(&str, At)] = &[
    // English
    ("otp", Whole),
    ("one-time", Any),
    ("one time pass", Any),
    ("one time pin", Any),
    ("verification", Any),
    ("verify", Any),
    ("authentication", Any),
    ("authenticate", Any),
    ("2fa", Whole),
    ("passcode", Any),
    ("security code", Any),
    ("access code", Any),
    ("login code", Any),
    ("log-in code", Any),
    ("sign-in code", Any),
    ("confirmation code", Any),
    ("activation code", Any),
    // German, Dutch, Scandinavian
    ("tan", Whole),
    ("mtan", Whole),
    ("smstan", Whole),
    ("bestätigungscode", Any),
    ("sicherheitscode", Any),
    ("verifizierung", Any),
    ("einmal", Any),
    ("verificatie", Any),
    ("verifier", Any),
    ("engangs", Any),
    ("engångs", Any),
    ("kertakäyttö", Any),
    ("vahvistus", Any),
    // Romance
    ("vérification", Any),
    ("code de sécurité", Any),
    ("usage unique", Any),
    ("verificación", Any),
    ("verificacion", Any),
    ("código de seguridad", Any),
    ("verificação", Any),
    ("verificacao", Any),
    ("código de segurança", Any),
    ("verifica", Any),
    ("codice di sicurezza", Any),
    ("verificare", Any),
    // Slavic, Baltic, Hungarian, Greek, Turkish
    ("weryfikac", Any),
    ("hasło sms", Any),
    ("jednorazow", Any),
    ("jednorázov", Any),
    ("ověřovací", Any),
    ("overovací", Any),
    ("подтвержд", Any),
    ("проверочн", Any),
    ("одноразов", Any),
    ("підтвердж", Any),
    ("потвърж", Any),
    ("megerősít", Any),
    ("ellenőrző", Any),
    ("επαλήθευσ", Any),
    ("επιβεβαίωσ", Any),
    ("doğrulama", Any),
    ("dogrulama", Any),
    ("onay kod", Any),
    // Arabic, Persian, Urdu, Hebrew
    ("التحقق", Any),
    ("رمز", Any),
    ("یکبار مصرف", Any),
    ("تصدیق", Any),
    ("کد تایید", Any),
    ("کد تأیید", Any),
    ("אימות", Any),
    // South and East Asia
    ("ओटीपी", Any),
    ("सत्यापन", Any),
    ("ওটিপি", Any),
    ("xác thực", Any),
    ("xác minh", Any),
    ("verifikasi", Any),
    ("pengesahan", Any),
    ("รหัส", Any),
    ("验证码", Any),
    ("校验码", Any),
    ("动态码", Any),
    ("驗證碼", Any),
    ("認証", Any),
    ("確認コード", Any),
    ("인증", Any),
];

/// They are said of other things too.
const LIKELY: &[(&str, At)] = &[
    ("code", Any),
    ("pin", Whole),
    ("password", Any),
    ("passwort", Any),
    ("mot de passe", Any),
    ("contraseña", Any),
    ("clave", Whole),
    ("senha", Whole),
    ("codice", Any),
    ("código", Any),
    ("codigo", Any),
    ("codul", Any),
    ("cod", Whole),
    ("kod", Any),
    ("koodi", Any),
    ("kode", Any),
    ("kód", Any),
    ("hasło", Any),
    ("heslo", Any),
    ("код", Any),
    ("пароль", Any),
    ("κωδικ", Any),
    ("şifre", Any),
    ("sifre", Any),
    ("كود", Any),
    ("کد", Whole),
    ("کوڈ", Any),
    ("קוד", Any),
    ("कोड", Any),
    ("কোড", Any),
    ("mã", Whole),
    ("sandi", Whole),
    ("コード", Any),
    ("코드", Any),
];

/// Here such a word is part of something else.
const OTHER: &[&str] = &[
    "zip code",
    "zipcode",
    "postcode",
    "post code",
    "postal code",
    "area code",
    "country code",
    "dress code",
    "qr code",
    "qr-code",
    "qrcode",
    "barcode",
    "bar code",
    "source code",
    "sort code",
    "swift code",
    "ifsc code",
    "branch code",
    "error code",
    "product code",
    "item code",
    "dialling code",
    "dial code",
    "tracking code",
    "pin code area",
    "pincode",
    "code of conduct",
    "code postal",
    "code barre",
    "código postal",
    "codigo postal",
    "código de barras",
    "codice fiscale",
    "codice postale",
    "codice a barre",
    "kod pocztowy",
    "kod kreskowy",
    "posta kodu",
    "postnummer",
    "почтовый код",
    "штрих-код",
    "barkod",
    "kode pos",
    "sendungscode",
    "visual studio code",
    "source codes",
    "encoded",
    "decoder",
    "codec",
    "promo code",
    "promocode",
    "discount code",
    "voucher code",
    "coupon code",
    "gift code",
    "gift card code",
    "offer code",
    "referral code",
    "rabattcode",
    "gutscheincode",
    "gutschein-code",
    "aktionscode",
    "code promo",
    "code de réduction",
    "kortingscode",
    "rabattkod",
    "rabattkode",
    "alennuskoodi",
    "código de descuento",
    "código promocional",
    "código promo",
    "cupón",
    "código de desconto",
    "cupom",
    "codice sconto",
    "codice promo",
    "kod rabatowy",
    "indirim kodu",
    "промокод",
    "kode promo",
    "kode voucher",
    "优惠码",
    "mã giảm giá",
    "クーポンコード",
    "쿠폰 코드",
    "كود الخصم",
    "کد تخفیف",
];

/// What adverts say.
const ADVERT: &[&str] = &[
    "% off",
    "%off",
    "discount",
    "checkout",
    "coupon",
    "voucher",
    "promo",
    "sale ",
    "rabatt",
    "gutschein",
    "réduction",
    "soldes",
    "descuento",
    "desconto",
    "sconto",
    "rabat",
    "indirim",
    "скидк",
    "diskon",
    "优惠",
    "割引",
    "쿠폰",
    "خصم",
    "تخفیف",
    "shop now",
    "save up",
];

/// Takes out what is part of something else. Whether the text is an advert.
pub(super) fn blank(folded: &mut [char]) -> bool {
    let mut is_advert = ADVERT.iter().any(|words| !places(folded, words).is_empty());
    for words in OTHER {
        for (start, end) in places(folded, words) {
            is_advert |= words.contains("promo") || words.contains("discount");
            for c in folded.iter_mut().take(end).skip(start) {
                *c = '_';
            }
        }
    }
    is_advert
}

/// All words that say that a code is near.
pub(super) fn hits(folded: &[char]) -> Vec<Hit> {
    let mut hits = Vec::new();
    for (words, is_clear) in [(CLEAR, true), (LIKELY, false)] {
        for (word, at) in words {
            for (start, end) in places(folded, word) {
                let touches = |index: Option<usize>| {
                    let next = index.and_then(|index| folded.get(index));
                    next.is_some_and(|c| c.is_alphabetic())
                };
                let is_whole = !touches(start.checked_sub(1)) && !touches(Some(end));
                if *at == Any || is_whole {
                    hits.push(Hit {
                        start,
                        end,
                        is_clear,
                    });
                }
            }
        }
    }
    hits
}

/// Where these words stand.
fn places(folded: &[char], words: &str) -> Vec<(usize, usize)> {
    let words: Vec<char> = words.chars().collect();
    let windows = folded.windows(words.len().max(1)).enumerate();
    windows
        .filter(|(_, window)| *window == words.as_slice())
        .map(|(start, window)| (start, start.saturating_add(window.len())))
        .collect()
}
