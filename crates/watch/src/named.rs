//! What people are known by: user accounts, telephones, bank accounts.

/// Longest account name, in bytes.
const ACCOUNT_BYTES_MAX: usize = 256;

/// An account's name at its service: lower case, without the `@` before it.
///
/// Services differ in whether case counts; two accounts of one service that differ by case alone are far rarer than one name
/// written in two ways.
pub(crate) fn account(text: &str) -> Option<String> {
    let name = text.strip_prefix('@').unwrap_or(text).trim();
    let is_fine = (1..=ACCOUNT_BYTES_MAX).contains(&name.len())
        && !name.starts_with('@')
        && !name.chars().any(|letter| letter.is_control() || letter.is_whitespace());
    // Twice: the lower case of a letter can be letters that have another.
    is_fine.then(|| name.to_lowercase().to_lowercase())
}

/// A telephone number with its country's: `+` and 7 to 15 digits. Source: ITU-T E.164, section 6; E.123 (how it is written).
///
/// A number without its country's is another in each country, and is none.
pub(crate) fn phone(text: &str) -> Option<String> {
    let text = text.strip_prefix("tel:").unwrap_or(text);
    let international = text.strip_prefix('+').or_else(|| text.strip_prefix("00"))?;
    // `+44 (0)20…`: the zero is dialled within the country alone.
    let international = international.replacen("(0)", "", 1);
    let is_fine =
        international.chars().all(|c| c.is_ascii_digit() || matches!(c, ' ' | '-' | '.' | '(' | ')' | '/'));
    let digits: String = international.chars().filter(char::is_ascii_digit).collect();
    // No country's number begins with a zero.
    (is_fine && (7..=15).contains(&digits.len()) && !digits.starts_with('0')).then(|| format!("+{digits}"))
}

/// An IBAN whose check digits fit, or the number of an account as its bank writes it: upper case, without spaces and hyphens.
///
/// What begins like an IBAN of a known length and does not fit is none: its number was mistyped.
/// Source: ISO 13616-1 (IBAN), ISO/IEC 7064 (MOD 97-10).
pub(crate) fn bank_account(text: &str) -> Option<String> {
    let bare: String = text.chars().filter(|c| !matches!(c, ' ' | '-' | '.')).collect();
    let number = bare.to_ascii_uppercase();
    let is_fine = (5..=34).contains(&number.len())
        && number.bytes().all(|b| b.is_ascii_alphanumeric())
        && number.bytes().filter(u8::is_ascii_digit).count() >= 4;
    (is_fine && (!looks_like_iban(&number) || is_iban(&number))).then_some(number)
}

/// The countries that have IBANs, and how long theirs are. Source: IBAN Registry (SWIFT, the registrar of ISO 13616).
const IBAN_LENGTHS: [(&str, usize); 89] = [
    ("AD", 24),
    ("AE", 23),
    ("AL", 28),
    ("AT", 20),
    ("AZ", 28),
    ("BA", 20),
    ("BE", 16),
    ("BG", 22),
    ("BH", 22),
    ("BI", 27),
    ("BR", 29),
    ("BY", 28),
    ("CH", 21),
    ("CR", 22),
    ("CY", 28),
    ("CZ", 24),
    ("DE", 22),
    ("DJ", 27),
    ("DK", 18),
    ("DO", 28),
    ("EE", 20),
    ("EG", 29),
    ("ES", 24),
    ("FI", 18),
    ("FK", 18),
    ("FO", 18),
    ("FR", 27),
    ("GB", 22),
    ("GE", 22),
    ("GI", 23),
    ("GL", 18),
    ("GR", 27),
    ("GT", 28),
    ("HN", 28),
    ("HR", 21),
    ("HU", 28),
    ("IE", 22),
    ("IL", 23),
    ("IQ", 23),
    ("IS", 26),
    ("IT", 27),
    ("JO", 30),
    ("KW", 30),
    ("KZ", 20),
    ("LB", 28),
    ("LC", 32),
    ("LI", 21),
    ("LT", 20),
    ("LU", 20),
    ("LV", 21),
    ("LY", 25),
    ("MC", 27),
    ("MD", 24),
    ("ME", 22),
    ("MK", 19),
    ("MN", 20),
    ("MR", 27),
    ("MT", 31),
    ("MU", 30),
    ("NI", 28),
    ("NL", 18),
    ("NO", 15),
    ("OM", 23),
    ("PK", 24),
    ("PL", 28),
    ("PS", 29),
    ("PT", 25),
    ("QA", 29),
    ("RO", 24),
    ("RS", 22),
    ("RU", 33),
    ("SA", 24),
    ("SC", 31),
    ("SD", 18),
    ("SE", 24),
    ("SI", 19),
    ("SK", 24),
    ("SM", 27),
    ("SO", 23),
    ("ST", 25),
    ("SV", 28),
    ("TL", 23),
    ("TN", 24),
    ("TR", 26),
    ("UA", 29),
    ("VA", 22),
    ("VG", 24),
    ("XK", 20),
    ("YE", 30),
];

/// Whether a text has an IBAN's form: a country that has them, check digits, and the country's length.
fn looks_like_iban(number: &str) -> bool {
    let is_of = |(country, length): &(&str, usize)| number.starts_with(country) && number.len() == *length;
    number.bytes().skip(2).take(2).all(|b| b.is_ascii_digit()) && IBAN_LENGTHS.iter().any(is_of)
}

/// Whether a text in upper case without spaces is an IBAN.
pub(crate) fn is_iban(number: &str) -> bool {
    if !looks_like_iban(number) {
        return false;
    }
    let (head, rest) = number.split_at(4);
    let rest = rest.bytes().chain(head.bytes()).try_fold(0_u32, |rest, byte| match byte {
        b'0'..=b'9' => Some((rest * 10 + u32::from(byte - b'0')) % 97),
        b'A'..=b'Z' => Some((rest * 100 + u32::from(byte - b'A') + 10) % 97),
        _ => None,
    });
    rest == Some(1)
}
