//! Words of a name that are no name: legal forms, titles, articles, numbers.
//!
//! A firm's legal form is written in a dozen ways and says little of who it is; a title says nothing. The tables hold what is
//! common on sanctions lists and in registers, as words without accents and points; forms of several words stand with blanks.
//!
//! Source: ISO 20275 (Entity Legal Forms), the forms of the larger jurisdictions.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

/// What sort of firm a legal form makes, across countries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Shares that can be traded: plc, AG, S.A., OJSC.
    Shares,
    /// Limited liability: Ltd, GmbH, OOO.
    Limited,
    /// A partnership.
    Partnership,
    /// No profit: foundation, association, ANO.
    NonProfit,
    /// A word that says only that it is a firm.
    Firm,
}

/// Legal forms that are written without a blank before or behind a firm's name, the longest of an ending first.
const UNPARTED: [(Form, &str); 12] = [
    (Form::Shares, "股份有限公司"),
    (Form::Shares, "股份公司"),
    (Form::Shares, "株式会社"),
    (Form::Shares, "주식회사"),
    (Form::Shares, "(주)"),
    (Form::Limited, "有限責任公司"),
    (Form::Limited, "有限责任公司"),
    (Form::Limited, "有限公司"),
    (Form::Limited, "有限会社"),
    (Form::Limited, "유한회사"),
    (Form::Firm, "公司"),
    (Form::Firm, "회사"),
];

/// A firm's name in an East Asian script without its legal form, if it has one beside a name.
pub(super) fn without_unparted(text: &str) -> Option<(&str, Form)> {
    let text = text.trim();
    UNPARTED.iter().find_map(|(form, written)| {
        let rest = text.strip_suffix(written).or_else(|| text.strip_prefix(written))?.trim();
        (!rest.is_empty()).then_some((rest, *form))
    })
}

/// Longest legal form, in words.
pub(super) const FORM_WORDS_MAX: usize = 5;

const FORMS: &[(Form, &str)] = &[
    (
        Form::Shares,
        "plc|public limited company|public ltd company|ag|aktiengesellschaft|sa|societe anonyme|sociedad anonima",
    ),
    (
        Form::Shares,
        "sociedade anonima|spa|societa per azioni|nv|naamloze vennootschap|jsc|joint stock company|joint stock co",
    ),
    (
        Form::Shares,
        "open joint stock company|public joint stock company|closed joint stock company|ojsc|pjsc|cjsc|oao|pao|zao",
    ),
    (
        Form::Shares,
        "ao|ooao|aktsionernoe obshchestvo|pat|prat|ab|aktiebolag|asa|as|aktieselskab|a s|oyj|tbk|bhd|berhad|kk|kabushiki kaisha|sab|sa de cv|sab de cv",
    ),
    (
        Form::Shares,
        "joint stock compan|joint stock|akciova spolocnost|akciova spolecnost|ad|aktsiaselts|se|kgaa|corp|corporation|inc|incorporated|chusik hoesa|co ltd by shares|gufen youxian gongsi",
    ),
    (
        Form::Limited,
        "ltd|limited|llc|l l c|limited liability company|limited liability co|gmbh|gesellschaft mit beschrankter haftung|sarl",
    ),
    (
        Form::Limited,
        "societe a responsabilite limitee|srl|societa a responsabilita limitata|sl|sociedad limitada|slu|lda|ltda|limitada|bv|bvba|besloten vennootschap",
    ),
    (
        Form::Limited,
        "ooo|obshchestvo s ogranichennoi otvetstvennostiu|tov|too|doo|d o o|oou|ou|ood|eood|sro|s r o|spol s r o|sp z oo|sp zoo|sp z o o|spolka z oo|kft|zrt|uab|sia|oy|aps|ehf|hf|bt",
    ),
    (
        Form::Limited,
        "pvt ltd|pvt|private limited|pte ltd|pte|pty ltd|pty|proprietary limited|sdn bhd|co ltd|company limited|co limited|coltd|fze|fzco|fzc|fz llc|dmcc|wll|saoc|cv|yugen kaisha|gk|mchj|mmc|xk",
    ),
    (
        Form::Limited,
        "ltd sti|limited sirketi|sti|anonim sirketi|ltd co|eurl|sas|sasu|societe par actions simplifiee|sprl|shpk|ooo limited|youxian gongsi|private joint stock|mbh",
    ),
    (
        Form::Partnership,
        "lp|llp|lllp|limited partnership|limited liability partnership|kg|ohg|gbr|snc|scs|gmbh co kg|gmbh and co kg|kommanditgesellschaft",
    ),
    (
        Form::NonProfit,
        "ano|ngo|e v|ev|eingetragener verein|stiftung|foundation|fund|asbl|fondation|fundacion|nko|nonprofit|anno",
    ),
    (
        Form::Firm,
        "co|company|compagnie|compania|companhia|cie|gesellschaft|societe|sociedad|na|pt|cv|sc|firm|enterprise|est|establishment|compan",
    ),
];

static BY_WORDS: LazyLock<HashMap<&'static str, Form>> = LazyLock::new(|| {
    FORMS.iter().rev().flat_map(|(form, list)| list.split('|').map(|words| (words, *form))).collect()
});

/// The form that words make, if they make one.
pub(super) fn form(words: &str) -> Option<Form> {
    BY_WORDS.get(words).copied()
}

const TITLES: &str = "|mr|mrs|ms|miss|dr|prof|professor|sir|dame|lord|lady|sheikh|shaikh|shaykh|sheik|cheikh|haji|hajji|hadji|hajj|alhaj|mullah|mulla|maulavi|maulawi|molvi|mawlawi|maulana|mawlana|qari|hafiz|ayatollah|hojjatoleslam|imam|sayyid|sayed|sayyed|seyed|syed|president|prasident|minister|general|gen|colonel|col|major|captain|capt|commander|admiral|brigadier|lt|lieutenant|sgt|herr|frau|monsieur|madame|mme|mlle|senor|senora|don|dona|pan|pani|gospodin|hon|rev|father|bishop|comrade|engineer|eng|ing|jr|sr|junior|senior|esq|phd|md|";
const PARTICLES: &str = "|al|el|ul|ur|bin|ben|ibn|bint|abu|abou|umm|de|del|della|di|da|do|dos|das|du|des|la|le|les|van|von|der|den|ter|te|zu|zur|ould|oglu|ogly|kyzy|qizi|";
const ARTICLES: &str = "|the|of|and|for|et|und|de|la|le|les|del|di|der|die|das|des|mv|mt|ms|ss|";

type Words = LazyLock<HashSet<&'static str>>;

fn set(list: &'static str) -> HashSet<&'static str> {
    list.split('|').filter(|word| !word.is_empty()).collect()
}

static TITLE: Words = LazyLock::new(|| set(TITLES));
static PARTICLE: Words = LazyLock::new(|| set(PARTICLES));
static ARTICLE: Words = LazyLock::new(|| set(ARTICLES));

/// A form of address or rank, or what is like it.
pub(super) fn is_title(word: &str) -> bool {
    TITLE.contains(word)
}

/// A word between names that says little: `bin`, `al`, `de`.
pub(super) fn is_particle(word: &str) -> bool {
    PARTICLE.contains(word)
}

/// A small word in the name of a firm or ship.
pub(super) fn is_article(word: &str) -> bool {
    ARTICLE.contains(word)
}

/// Short forms of states in the names of firms and authorities.
const STATES: [(&str, &[&str]); 6] = [
    ("us", &["united", "states"]),
    ("usa", &["united", "states", "america"]),
    ("uk", &["united", "kingdom"]),
    ("uae", &["united", "arab", "emirates"]),
    ("prc", &["peoples", "republic", "china"]),
    ("dprk", &["democratic", "peoples", "republic", "korea"]),
];

/// What a short form of a state's name stands for.
pub(super) fn state(word: &str) -> Option<&'static [&'static str]> {
    STATES.iter().find(|(short, _)| *short == word).map(|(_, words)| *words)
}

/// A word for son or daughter, between a name and the parent's.
pub(super) fn is_filial(word: &str) -> bool {
    matches!(word, "bin" | "ben" | "ibn" | "bint" | "binti")
}

/// A Russian father's name.
pub(super) fn is_patronymic(word: &str) -> bool {
    word.len() > 6
        && ["ovich", "evich", "ovych", "evych", "ovna", "evna", "ivna", "ovitch", "evitch"]
            .iter()
            .any(|end| word.ends_with(end))
}

/// Words of firms that are written in several ways, each by its first form.
const SYNONYMS: &str = "organization organisation organizatsiia org|labor labour|center centre tsentr|intl international mezhdunarodnyi|\
    industries industry industrial|technologies technology tech tekhnologii|govt government|dept department|mfg manufacturing|\
    univ university universitet|bros brothers|assn association assoc|grp group gruppa|natl national|shpg shipping|\
    svc service services|bank banka banco banque|eng engineering|trdg trading|holding holdings|partners partner|systems system";

static SAME: LazyLock<HashMap<&'static str, &'static str>> = LazyLock::new(|| {
    let rows = SYNONYMS.split('|').filter_map(|row| Some((row, row.split_whitespace().next()?)));
    rows.flat_map(|(row, first)| row.split_whitespace().map(move |word| (word, first))).collect()
});

/// The form under which a word of a firm's name is compared.
pub(super) fn synonym(word: &str) -> &str {
    SAME.get(word).copied().unwrap_or(word)
}

const UNITS: &str = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen \
    eighteen nineteen";
const ORDINALS: &str = "zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth \
    fifteenth sixteenth seventeenth eighteenth nineteenth twentieth";
const TENS: &str = "twenty thirty forty fifty sixty seventy eighty ninety";

fn place(list: &str, word: &str) -> Option<u32> {
    u32::try_from(list.split_whitespace().position(|held| held == word)?).ok()
}

/// The number that a word says: `forty`, `44`, `3rd`, `fifth`.
pub(super) fn number(word: &str) -> Option<u32> {
    if word.len() > 12 {
        return None;
    }
    let digits = word.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    if !digits.is_empty() && matches!(word.get(digits.len()..), Some("" | "st" | "nd" | "rd" | "th")) {
        return digits.parse().ok();
    }
    place(UNITS, word)
        .or_else(|| place(ORDINALS, word))
        .or_else(|| place(TENS, word).map(|tens| (tens + 2) * 10))
}

/// The number that a word says in Roman numerals, from 2 to 39.
pub(super) fn roman(word: &str) -> Option<u32> {
    if word.len() < 2 && word != "v" && word != "x" || word.len() > 7 {
        return None;
    }
    let tens = word.bytes().take_while(|b| *b == b'x').count();
    let ones = ["", "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix"];
    let rest = word.get(tens..)?;
    let ones = ones.iter().position(|numeral| *numeral == rest)?;
    (tens < 4).then(|| u32::try_from(tens * 10 + ones).ok()).flatten()
}
