use super::*;

/// A text, and the code in it. The numbers are made up.
const CODES: &[(&str, &str)] = &[
    // English
    ("Your verification code is 482913", "482913"),
    ("482913 is your verification code.", "482913"),
    (
        "Your MyBank OTP is 739201. Do not share it with anyone.",
        "739201",
    ),
    ("G-582013 is your Google verification code.", "582013"),
    (
        "Your WhatsApp code: 391-204\nYou can also tap on this link to verify your phone: v.whatsapp.com/391204",
        "391204",
    ),
    ("<#> Your Example code is 48291 4fgH2kLm0pQ", "48291"),
    ("Your Uber code is 4821. Never share this code.", "4821"),
    ("Use 820193 to verify your Instagram account.", "820193"),
    (
        "Telegram code: 58213\n\nYou can also tap on this link to log in:\nhttps://t.me/login/58213",
        "58213",
    ),
    (
        "Login code: 58213. Do not give this code to anyone, even if they say they are from Telegram!",
        "58213",
    ),
    ("Microsoft access code: 4821", "4821"),
    (
        "Use 482913 as your Microsoft account security code",
        "482913",
    ),
    (
        "Your Apple ID Code is: 482913. Don't share it with anyone.",
        "482913",
    ),
    (
        "Your Apple ID code is: 482913.\n\n@apple.com #482913 %apple.com",
        "482913",
    ),
    ("PIN: 7391", "7391"),
    (
        "Your one-time PIN is 82013 and is valid for 10 minutes",
        "82013",
    ),
    (
        "One-time password for your payment of EUR 49.99 at SHOP is 638201",
        "638201",
    ),
    (
        "OTP for txn of INR 2500.00 on card ending 1234 is 930184. Valid for 5 mins. Not you? Call 18001234567",
        "930184",
    ),
    (
        "930184 is your OTP for login to MyBank. OTPs are SECRET. DO NOT disclose it.",
        "930184",
    ),
    (
        "Dear customer, your One Time Password (OTP) is 204817 for A/c XX1234.",
        "204817",
    ),
    (
        "Amazon: 204817 is your one-time passcode. Amazon will never ask for it.",
        "204817",
    ),
    ("Your security code is 123 456", "123456"),
    ("Your code is 12 34 56", "123456"),
    ("Authentication code 20481739", "20481739"),
    ("Your confirmation code is A1B2C3", "A1B2C3"),
    ("Code: X7K9Q2", "X7K9Q2"),
    (
        "Your login code\n\n739201\n\nexpires in 5 minutes",
        "739201",
    ),
    ("Your Example code is 482913 5 minutes left", "482913"),
    ("Discord: your verification code is 204-817", "204817"),
    ("[Example] 2048 is your activation code", "2048"),
    ("Enter 739201 to authenticate", "739201"),
    ("Your 2FA code: 0482913", "0482913"),
    ("FB-48291 is your Facebook confirmation code", "48291"),
    ("Your verification code is: 2024", "2024"),
    ("Your code is 482913.Do not share it", "482913"),
    (
        "MyBank: confirm your payment of 120.50 EUR to SHOP with passcode 739201",
        "739201",
    ),
    // German
    ("Ihr Bestätigungscode lautet 482913", "482913"),
    (
        "Ihre TAN: 739201 für die Überweisung über 250,00 EUR auf Konto 12345678",
        "739201",
    ),
    ("mTAN 739201 für Ihren Auftrag vom 01.12.2026", "739201"),
    ("Dein Code lautet 4821. Gib ihn niemandem weiter.", "4821"),
    (
        "Ihr Einmalpasswort ist 204817. Es gilt 10 Minuten.",
        "204817",
    ),
    // French
    ("Votre code de vérification est 482913", "482913"),
    (
        "Votre code est le 739201. Il expire dans 10 minutes.",
        "739201",
    ),
    ("482913 est votre code de sécurité à usage unique", "482913"),
    // Spanish, Portuguese
    ("Tu código de verificación es 482913", "482913"),
    ("Tu clave es 739201, no la compartas", "739201"),
    ("Su contraseña de un solo uso es: 204817", "204817"),
    ("Seu código de verificação é 482913", "482913"),
    ("Código 739201. Nunca compartilhe.", "739201"),
    // Italian, Romanian
    ("Il tuo codice di verifica è 482913", "482913"),
    ("Codice: 739201 per autorizzare il pagamento", "739201"),
    ("Codul dvs. este 482913", "482913"),
    // Dutch, Scandinavian, Finnish
    ("Je verificatiecode is 482913", "482913"),
    ("Din engångskod är 739201", "739201"),
    ("Din kode er 204817", "204817"),
    ("Vahvistuskoodisi on 482913", "482913"),
    // Polish, Czech, Hungarian, Greek, Turkish
    ("Twój kod weryfikacyjny to: 482913", "482913"),
    (
        "Hasło SMS do operacji nr 3 z dnia 01-12-2026: 73920148",
        "73920148",
    ),
    ("Váš ověřovací kód je 482913", "482913"),
    ("Az ellenőrző kódja: 482913", "482913"),
    ("Ο κωδικός σας είναι 482913", "482913"),
    ("Doğrulama kodunuz: 482913", "482913"),
    ("Tek kullanımlık şifreniz 739201", "739201"),
    // Russian, Ukrainian, Bulgarian
    ("Ваш код подтверждения: 482913", "482913"),
    ("Код 7392 никому не сообщайте", "7392"),
    ("Пароль для входа 204817", "204817"),
    ("Ваш код для підтвердження 482913", "482913"),
    // Arabic, Persian, Urdu, Hebrew
    ("رمز التحقق الخاص بك هو 482913", "482913"),
    ("كود التفعيل: 739201", "739201"),
    ("کد تایید شما: ۴۸۲۹۱۳", "482913"),
    ("آپ کا تصدیقی کوڈ 482913 ہے", "482913"),
    ("קוד האימות שלך הוא 482913", "482913"),
    // Hindi, Bengali, Indonesian, Vietnamese, Thai
    ("आपका ओटीपी 482913 है", "482913"),
    ("आपका कोड 739201 है", "739201"),
    ("আপনার ওটিপি 482913", "482913"),
    (
        "Kode verifikasi Anda 482913. JANGAN berikan kepada siapa pun",
        "482913",
    ),
    ("Mã xác thực của bạn là 482913", "482913"),
    ("รหัส OTP ของคุณคือ 482913", "482913"),
    // Chinese, Japanese, Korean
    ("【示例】您的验证码是482913，5分钟内有效。", "482913"),
    ("【示例】验证码：739201，请勿泄露", "739201"),
    ("認証コードは482913です", "482913"),
    ("確認コード: 739201", "739201"),
    ("[예시] 인증번호 [482913]를 입력해 주세요.", "482913"),
];

/// Texts that hold no code.
const OTHERS: &[&str] = &[
    "",
    "hello",
    "482913",
    "Call me at 5550100 please",
    "Meet me at 1830, room 4821",
    "I was born in 1984",
    "Your order 48291374 has shipped",
    "Order #482913 is on its way",
    "Your parcel 00340434161094042557 arrives today between 12:30 and 14:30",
    "Tracking number 1Z999AA10123456784",
    "Your bill of $4821 is due on 2026-12-01",
    "Rs 4821 was debited from A/c XX1234 on 01-12-26",
    "INR 25000 credited to your account ending 4821",
    "You spent EUR 1234,50 at SHOP with card *4821",
    "Your balance is 4821 points",
    "Invoice 48291: 120.00 EUR",
    "Flight AB1234 departs from gate 4821",
    "The code of conduct was changed in 2024",
    "Please read our dress code: 2026 edition",
    "Your zip code 10115 is wrong",
    "Area code 03012 was changed",
    "Use promo code SAVE20 for 20% off",
    "Code SAVE2026 at checkout: 20% off everything",
    "Use code WINTER50 and get a discount of 50 %",
    "Sale! Use coupon code 482913 today",
    "Get 2000 off with voucher code 739201",
    "Scan the QR code at gate 4821",
    "Enter the code",
    "I forgot the code for the door",
    "The code does not compile since 2023, I have no idea why",
    "Did you read chapter 1234 of the book about codes? It is on page 12 or so, and it goes on and on for 4821 pages",
    "Your password was changed on 01.12.2026",
    "Your password was changed at 18:30:21",
    "Your PIN was changed. Not you? Call 08001234567",
    "Your PIN was changed. Not you? Call +49 30 1234567",
    "Verify your account at https://example.org/v/482913",
    "Verify at example.org?code=482913",
    "Verification of your account takes 2000 minutes",
    "Verify your email user4821@example.org",
    "Please verify invoice 482913",
    "Authentication failed for card ending 4821",
    "We sent a code to +447700900123",
    "We sent a code to 447700",
    "Your verification is complete. Thank you for 1000 years of trust",
    "Security code sent to number ending in 4821",
    "Text STOP to 48291 to opt out",
    "Reply 1234 to confirm",
    "Rückruf erbeten unter 030 1234567",
    "Ihr Rabattcode: 482913, 20 % auf alles",
    "Gutscheincode WINTER20",
    "Die Postleitzahl ist 10115",
    "Ihre Bestellung 48291374 ist unterwegs",
    "Votre code postal 75011 n'est pas desservi",
    "-20 % avec le code promo 482913",
    "Su código postal 28013",
    "Usa el cupón 482913 y ahorra",
    "Codice sconto 482913",
    "Ваш промокод 482913",
    "Заказ 482913 готов",
    "Kod pocztowy 00950",
    "优惠码 482913",
    "您的订单482913已发货",
    "尾号4821的卡消费1000元",
    "Temperature: 1013 hPa, wind 4821",
    "Tomorrow 12.05.2026 at 18:00",
    "10-12-2026 code",
    "Version 2026.1 of the source code is out",
    "Visual Studio Code 2022 is here",
    "IFSC code HDFC0001234",
    "The pincode 560001 is not served",
    "code 123",
    "code 123456789012",
    "code +1234567",
    "code 1,234,567",
    "tanned 4821",
    "spinning 4821",
];

#[test]
fn codes_are_found() {
    let wrong: Vec<_> = CODES
        .iter()
        .filter(|(text, code)| find(text).as_deref() != Some(*code))
        .map(|(text, code)| (text, code, find(text)))
        .collect();
    assert!(
        wrong.is_empty(),
        "{} of {}: {wrong:#?}",
        wrong.len(),
        CODES.len()
    );
    assert!(CODES.len() >= 60);
}

#[test]
fn other_numbers_are_no_codes() {
    let wrong: Vec<_> = OTHERS
        .iter()
        .filter_map(|text| Some((text, find(text)?)))
        .collect();
    assert!(
        wrong.is_empty(),
        "{} of {}: {wrong:#?}",
        wrong.len(),
        OTHERS.len()
    );
    assert!(OTHERS.len() >= 60);
}

#[test]
fn a_long_text_is_looked_at_in_bounded_time() {
    let text = "code 1984 ".repeat(4000);
    let begin = std::time::Instant::now();
    for _ in 0..5 {
        let _found = find(&text);
    }
    assert!(begin.elapsed() < std::time::Duration::from_secs(10));
}

proptest::proptest! {
    #[test]
    fn no_text_panics_and_a_code_is_of_the_text(text in "(.|code|OTP|[0-9]{1,9}|[ \\-.:]){0,30}") {
        if let Some(code) = find(&text) {
            proptest::prop_assert!((4..=10).contains(&code.len()));
            proptest::prop_assert!(code.chars().all(|c| c.is_ascii_alphanumeric()));
        }
    }
}
