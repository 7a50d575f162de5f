//! What programs are known by besides the hashes of their files: certificates, ways of greeting, names of files.

/// Longest name of a file, in bytes.
const FILE_NAME_BYTES_MAX: usize = 255;

/// A certificate's fingerprint, by SHA-256, SHA-1 or MD5: lower-case hexadecimal without colons.
pub(crate) fn certificate(text: &str) -> Option<String> {
    let bare: String = text.chars().filter(|c| !matches!(c, ':' | ' ')).collect();
    let is_fine = matches!(bare.len(), 32 | 40 | 64) && bare.bytes().all(|b| b.is_ascii_hexdigit());
    is_fine.then(|| bare.to_ascii_lowercase())
}

/// A JA4 fingerprint of a client's greeting, `t13d1516h2_8daaf6152771_e5627efa2ab1`, or of one of its relatives.
///
/// Source: FoxIO, "JA4+ Network Fingerprinting", technical details of JA4: ten letters, then two hashes of twelve digits each.
pub(crate) fn ja4(text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let mut parts = lower.split('_');
    let (first, second, third) = (parts.next()?, parts.next()?, parts.next()?);
    let digits = |text: &str, length| text.len() == length && text.bytes().all(|b| b.is_ascii_digit());
    let hash = |text: &str| text.len() == 12 && text.bytes().all(|b| b.is_ascii_hexdigit());
    let head = first.as_bytes();
    let is_fine = first.is_ascii()
        && head.len() == 10
        && matches!(head.first()?, b't' | b'q' | b'd')
        && head.get(1..3)?.iter().all(u8::is_ascii_alphanumeric)
        && matches!(head.get(3)?, b'd' | b'i')
        && digits(first.get(4..8)?, 4)
        && head.get(8..)?.iter().all(u8::is_ascii_alphanumeric);
    (is_fine && hash(second) && hash(third) && parts.next().is_none()).then_some(lower)
}

/// The name of a file, without its folders, lower case: the systems that are attacked most do not tell names apart by case.
pub(crate) fn file_name(text: &str) -> Option<String> {
    let name = text.rsplit(['/', '\\']).next()?.trim();
    let is_fine = (1..=FILE_NAME_BYTES_MAX).contains(&name.len())
        && !matches!(name, "." | "..")
        && !name.chars().any(char::is_control);
    // Twice: the lower case of a letter can be letters that have another.
    let lower = name.to_lowercase().to_lowercase();
    (is_fine && lower.len() <= FILE_NAME_BYTES_MAX).then_some(lower)
}
