//! Hangul in Latin letters, against published pairs.

use bongsu_watch::names::hangul::{Style, mccune_reischauer, revised, revised_as, sino_korean};

const PAIRS: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/personas/romanisation/pairs.jsonl");

/// Pairs with which we do not agree, and why.
const EXCEPTIONS: [(&str, &str, &str); 3] = [
    ("닮았네", "dalmatne", "article 18: 았 before ㄴ is heard as 안"),
    ("생산량", "Saengsallyang", "article 20 itself lists 생산량 as [생산냥]"),
    ("신라면", "Sinnamyeon", "no rule: 신라 is Silla, and the firm writes Shin Ramyun"),
];

fn style(options: Option<&str>, latin: &str) -> Style {
    match options.and_then(|options| options.rsplit('.').next()) {
        Some("Substantives") => Style::Noun,
        Some("Compound") => Style::Compound,
        Some("District") => Style::Address,
        Some("Name") => Style::Person,
        Some("NameTypical") => Style::PersonCustomary,
        _ if latin.contains('-') && !latin.contains("es-hangul") => Style::Hyphenated,
        _ => Style::Plain,
    }
}

#[test]
fn published_pairs_agree() {
    let (mut count, mut bad) = (0, Vec::new());
    for line in std::fs::read_to_string(PAIRS).unwrap().lines() {
        let pair: serde_json::Value = serde_json::from_str(line).unwrap();
        let (hangul, latin) = (pair["hangul"].as_str().unwrap(), pair["latin"].as_str().unwrap());
        let ours = revised_as(hangul, style(pair["options"].as_str(), latin));
        let is_exception = EXCEPTIONS.iter().any(|(text, theirs, _)| *text == hangul && *theirs == latin);
        count += 1;
        if ours.eq_ignore_ascii_case(latin) == is_exception {
            bad.push(format!("{hangul}: {ours}, published {latin} ({})", pair["options"]));
        }
    }
    assert!(count > 100 && bad.is_empty(), "{count} pairs, {} differ:\n{}", bad.len(), bad.join("\n"));
}

#[test]
fn sounds_change_as_the_standard_says() {
    for (hangul, latin) in [
        ("왕십리", "wangsimni"),
        ("신문로", "sinmunno"),
        ("종로", "jongno"),
        ("신라", "silla"),
        ("별내", "byeollae"),
        ("학여울", "hangnyeoul"),
        ("알약", "allyak"),
        ("해돋이", "haedoji"),
        ("맞히다", "machida"),
        ("놓다", "nota"),
        ("잡혀", "japyeo"),
        ("낳지", "nachi"),
        ("압구정", "apgujeong"),
        ("못하다", "motada"),
        ("읽고", "ilgo"),
        ("닭과", "dakgwa"),
        ("밟다", "bapda"),
        ("값이", "gapsi"),
        ("싫어도", "sireodo"),
        ("많아", "mana"),
        ("굳이", "guji"),
        ("묻혀", "muchyeo"),
        ("협력", "hyeomnyeok"),
        ("칼날", "kallal"),
        ("뚫네", "ttulle"),
    ] {
        assert_eq!(revised(hangul), latin, "{hangul}");
    }
    assert_eq!(revised_as("묵호", Style::Noun), "mukho");
    assert_eq!(revised_as("한복남", Style::PersonCustomary), "Han boknam");
}

#[test]
fn mccune_reischauer_writes_what_is_heard() {
    for (hangul, latin) in [
        ("평양", "p'yŏngyang"),
        ("김정은", "kimjŏngŭn"),
        ("한국", "han'guk"),
        ("부산", "pusan"),
        ("독립문", "tongnimmun"),
        ("못하다", "mothada"),
        ("굳이", "kuji"),
        ("발해", "parhae"),
        ("쉽다", "shwipta"),
        ("갈대", "kaltae"),
        ("최", "ch'oe"),
        ("의사", "ŭisa"),
    ] {
        assert_eq!(mccune_reischauer(hangul), latin, "{hangul}");
    }
}

#[test]
fn chinese_characters_are_read_as_a_korean_reads_them() {
    assert_eq!(sino_korean("金正恩").as_deref(), Some("김정은"));
    assert_eq!(sino_korean("李明博").as_deref(), Some("이명박"));
    assert_eq!(sino_korean("金某"), None);
}

#[test]
fn firms_and_names_with_more_beside_them_are_found_in_one_script() {
    use bongsu_watch::names::{Kind, MATCH, compare_as};
    for (kind, left, right) in [
        (Kind::Organization, "華為技術", "華為技術有限公司"),
        (Kind::Organization, "주식회사 삼성", "삼성"),
        (Kind::Person, "金正恩 (Kim Jong Un)", "金正恩"),
        (Kind::Person, "P\u{200b}u\u{200b}tin Vladimir", "Vladimir Putin"),
    ] {
        let likeness = compare_as(kind, left, right);
        assert!(likeness.score >= MATCH, "{left} {right}: {likeness:?}");
    }
}
