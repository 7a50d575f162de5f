//! Korean family names and how they are spelled.
//!
//! Some hundred names cover nearly every Korean, and each is spelled by custom rather than by rule: 이 is Lee, Yi, Ri or Rhee.
//! Each row has the name in Hangul (in the North's spelling too, where ㄹ stays at the start), then its spellings in small
//! letters, the most usual in passports of the South first.
//!
//! Source: Statistics Korea, 2015 census of family names; National Institute of Korean Language, survey of family names'
//! spellings in passports (2015); U.S. Board on Geographic Names, Korean (for the North's spellings).

use std::collections::HashMap;
use std::sync::LazyLock;

/// Name, and its spellings.
const NAMES: &[(&str, &[&str])] = &[
    ("김", &["Kim", "Gim", "Ghim", "Khim"]),
    ("이", &["Lee", "Yi", "I", "Rhee", "Ri", "Li", "Rhie", "Yee", "Leigh", "Ree", "Rie", "Rhe"]),
    ("리", &["Ri", "Lee", "Yi", "Rhee", "Li", "I", "Ree"]),
    ("박", &["Park", "Pak", "Bak", "Bark", "Pahk"]),
    ("최", &["Choi", "Choe", "Choy", "Chwe", "Chey"]),
    ("정", &["Jung", "Jeong", "Chung", "Chong", "Jong", "Cheong", "Joung", "Jeung", "Chŏng"]),
    ("강", &["Kang", "Gang", "Khang"]),
    ("조", &["Cho", "Jo", "Joe", "Chough"]),
    ("윤", &["Yoon", "Yun", "Youn", "Yune"]),
    ("장", &["Jang", "Chang", "Zhang"]),
    ("임", &["Lim", "Im", "Yim", "Rim", "Leem", "Rhim", "Eam"]),
    ("림", &["Rim", "Lim", "Im", "Yim"]),
    ("한", &["Han", "Hahn", "Hann"]),
    ("오", &["Oh", "O", "Oe"]),
    ("서", &["Seo", "Suh", "So", "Sur", "Surh", "Su", "Sŏ"]),
    ("신", &["Shin", "Sin", "Shinn", "Sheen"]),
    ("권", &["Kwon", "Gwon", "Kweon", "Kwŏn"]),
    ("황", &["Hwang", "Whang", "Hoang"]),
    ("안", &["Ahn", "An", "Aan"]),
    ("송", &["Song", "Soung"]),
    ("류", &["Ryu", "Yoo", "Yu", "Ryoo", "You", "Lyu", "Rhyu"]),
    ("유", &["Yoo", "Yu", "Ryu", "You", "Ryoo"]),
    ("홍", &["Hong"]),
    ("전", &["Jeon", "Jun", "Chun", "Chon", "Jon", "Cheon", "Chŏn"]),
    ("고", &["Ko", "Go", "Koh", "Goh", "Kho"]),
    ("문", &["Moon", "Mun"]),
    ("손", &["Son", "Sohn"]),
    ("양", &["Yang", "Ryang"]),
    ("량", &["Ryang", "Yang", "Lyang"]),
    ("배", &["Bae", "Pae", "Bai", "Pai", "Pay"]),
    ("백", &["Baek", "Paek", "Back", "Baik", "Paik"]),
    ("허", &["Heo", "Hur", "Huh", "Ho", "Her", "Hŏ"]),
    ("남", &["Nam", "Nahm"]),
    ("심", &["Shim", "Sim", "Sihm"]),
    ("노", &["Noh", "No", "Roh", "Ro", "Nho"]),
    ("로", &["Ro", "Roh", "No", "Noh"]),
    ("하", &["Ha", "Hah"]),
    ("곽", &["Kwak", "Gwak", "Kwag", "Kwack"]),
    ("성", &["Sung", "Seong", "Song", "Sŏng"]),
    ("차", &["Cha"]),
    ("주", &["Joo", "Ju", "Chu", "Choo"]),
    ("우", &["Woo", "U", "Wu", "Oo"]),
    ("구", &["Koo", "Gu", "Ku", "Goo"]),
    ("나", &["Na", "Nah", "Ra", "Rha"]),
    ("라", &["Ra", "Na"]),
    ("민", &["Min", "Minn"]),
    ("진", &["Jin", "Chin"]),
    ("지", &["Ji", "Jee", "Chi", "Gi"]),
    ("엄", &["Eom", "Um", "Uhm", "Om", "Ŏm"]),
    ("채", &["Chae", "Chai"]),
    ("원", &["Won", "Weon", "Wŏn"]),
    ("천", &["Cheon", "Chun", "Chon", "Ch'ŏn"]),
    ("방", &["Bang", "Pang"]),
    ("공", &["Kong", "Gong"]),
    ("현", &["Hyun", "Hyeon", "Hyon", "Hyŏn"]),
    ("함", &["Ham", "Hahm"]),
    ("변", &["Byun", "Byeon", "Pyon", "Pyun", "Pyŏn"]),
    ("염", &["Yeom", "Yum", "Youm", "Yom", "Ryom"]),
    ("렴", &["Ryom", "Yom", "Yeom"]),
    ("여", &["Yeo", "Yuh", "Yo", "Ryo", "Lyu"]),
    ("려", &["Ryo", "Yo", "Yeo"]),
    ("추", &["Choo", "Chu"]),
    ("도", &["Do", "To", "Doh"]),
    ("소", &["So", "Soh"]),
    ("석", &["Seok", "Suk", "Sok", "Sŏk"]),
    ("선", &["Sun", "Seon", "Son", "Sŏn"]),
    ("설", &["Seol", "Sul", "Sol", "Sŏl"]),
    ("마", &["Ma", "Mah"]),
    ("길", &["Gil", "Kil"]),
    ("연", &["Yeon", "Youn", "Yon", "Yun", "Ryon"]),
    ("위", &["Wi", "Wee"]),
    ("표", &["Pyo"]),
    ("명", &["Myung", "Myeong", "Myong", "Myŏng"]),
    ("기", &["Ki", "Kee", "Gi", "Kie"]),
    ("반", &["Ban", "Pan", "Bahn"]),
    ("왕", &["Wang"]),
    ("금", &["Keum", "Geum", "Kum", "Kŭm"]),
    ("옥", &["Ok", "Ock", "Oak"]),
    ("육", &["Yook", "Yuk", "Ryuk"]),
    ("인", &["In", "Ihn"]),
    ("맹", &["Maeng", "Maing"]),
    ("제", &["Je", "Che"]),
    ("모", &["Mo"]),
    ("탁", &["Tak", "Tark"]),
    ("국", &["Kook", "Guk", "Kuk"]),
    ("어", &["Eo", "Uh", "O", "Ŏ"]),
    ("은", &["Eun", "Un", "Ŭn"]),
    ("편", &["Pyeon", "Pyun", "Pyon"]),
    ("용", &["Yong", "Ryong"]),
    ("예", &["Ye", "Yeh"]),
    ("경", &["Kyung", "Gyeong", "Kyong"]),
    ("봉", &["Bong", "Pong"]),
    ("사", &["Sa"]),
    ("부", &["Boo", "Bu", "Pu"]),
    ("피", &["Pi", "Pee"]),
    ("태", &["Tae"]),
    ("계", &["Kye", "Gye"]),
    ("감", &["Kam", "Gam"]),
    ("두", &["Doo", "Du", "Tu"]),
    ("음", &["Eum", "Um"]),
    ("빈", &["Bin", "Pin"]),
    ("동", &["Dong", "Tong"]),
    ("온", &["On", "Ohn"]),
    ("호", &["Ho"]),
    ("형", &["Hyung", "Hyeong", "Hyong"]),
    ("승", &["Seung", "Sung"]),
    ("간", &["Kan", "Gan"]),
    ("상", &["Sang"]),
    ("시", &["Si", "Shi"]),
    ("갈", &["Kal", "Gal"]),
    ("남궁", &["Namgung", "Namkoong", "Namkung", "Namgoong"]),
    ("황보", &["Hwangbo"]),
    ("제갈", &["Jegal", "Chegal"]),
    ("사공", &["Sagong", "Sakong"]),
    ("선우", &["Sunwoo", "Seonu", "Sonu", "Seonwoo"]),
    ("서문", &["Seomun", "Suhmoon"]),
    ("독고", &["Dokgo", "Dokko", "Tokko"]),
    ("동방", &["Dongbang"]),
];

/// Family name and given name. A name of two syllables for the family is taken where such a family exists and a given name
/// is left.
///
/// Source: Notice 2000-8, chapter 3, article 4.
pub(in crate::names) fn divided(name: &[char]) -> (&[char], &[char]) {
    let double: String = name.iter().take(2).collect();
    let is_double = name.len() > 2 && NAMES.iter().any(|(hangul, _)| *hangul == double);
    name.split_at_checked(if is_double { 2 } else { 1 }).unwrap_or((name, &[]))
}

/// The most usual spelling of a family name in Hangul.
pub(super) fn customary(family: &[char]) -> Option<&'static str> {
    let (_, spellings) = NAMES.iter().find(|(hangul, _)| hangul.chars().eq(family.iter().copied()))?;
    spellings.first().copied()
}

/// Names by their spelling, in small letters without breves and apostrophes, and by themselves.
static BY_SPELLING: LazyLock<HashMap<String, Vec<&'static str>>> = LazyLock::new(|| {
    let mut found: HashMap<String, Vec<&'static str>> = HashMap::new();
    for (hangul, spellings) in NAMES {
        for spelling in spellings.iter().chain([hangul]) {
            let of = found.entry(super::reading::plain(spelling).collect()).or_default();
            if !of.contains(hangul) {
                of.push(hangul);
            }
        }
    }
    found
});

/// The family names, in Hangul, that a word can spell: `chung` is 정. A word in Hangul stands for itself.
pub fn families(word: &str) -> &'static [&'static str] {
    let word: String = super::reading::plain(word).collect();
    BY_SPELLING.get(&word).map_or(&[], Vec::as_slice)
}
