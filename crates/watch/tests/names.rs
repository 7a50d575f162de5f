//! Names compared, against published cases.

use bongsu_watch::names::{How, Kind, MATCH, compare, compare_as};
use proptest::prelude::*;

const CASES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/assets/name-matching/");

/// How many of the cases come out as they should.
#[derive(Default, Debug)]
struct Count {
    found: f64,
    missed: f64,
    wrong: f64,
}

impl Count {
    fn recall(&self) -> f64 {
        self.found / (self.found + self.missed)
    }

    fn precision(&self) -> f64 {
        self.found / (self.found + self.wrong)
    }

    fn f1(&self) -> f64 {
        2.0 * self.recall() * self.precision() / (self.recall() + self.precision())
    }
}

#[test]
fn the_name_bench_comes_out_well() {
    let mut count = Count::default();
    let mut wrong = Vec::new();
    for case in csv::Reader::from_path(format!("{CASES}name_bench_cases.csv")).unwrap().records() {
        let case = case.unwrap();
        let kind = if &case[1] == "Person" { Kind::Person } else { Kind::Organization };
        let likeness = compare_as(kind, &case[2], &case[3]);
        let (is, should) = (likeness.score >= MATCH, &case[4] == "true");
        match (is, should) {
            (true, true) => count.found += 1.0,
            (false, true) => count.missed += 1.0,
            (true, false) => count.wrong += 1.0,
            (false, false) => {}
        }
        if is != should {
            wrong.push(format!(
                "{should} {:.2} {} | {} | {:?}",
                likeness.score, &case[2], &case[3], likeness.reasons
            ));
        }
    }
    let report =
        format!("recall {:.3}, precision {:.3}, F1 {:.3}", count.recall(), count.precision(), count.f1());
    // Reached: 0.913, 0.951, 0.932. What is missed asks for a word of three letters to be another, for instance
    // `Kim Yong-chol` for `Kim Yong-chun`, whom we hold to be two.
    let is_well = count.recall() > 0.90 && count.precision() > 0.94 && count.f1() > 0.92;
    assert!(is_well, "{report}\n{}", wrong.join("\n"));
}

#[test]
fn names_are_found_across_scripts() {
    let mut reader = csv::ReaderBuilder::new()
        .comment(Some(b'#'))
        .has_headers(false)
        .from_path(format!("{CASES}cross_script_pairs.csv"))
        .unwrap();
    let mut count = 0;
    for pair in reader.records() {
        let pair = pair.unwrap();
        let likeness = compare_as(Kind::Person, &pair[0], &pair[1]);
        let least: f32 = pair[2].trim().parse().unwrap();
        assert!(likeness.score >= least.max(MATCH), "{pair:?}: {likeness:?}");
        count += 1;
    }
    assert_eq!(count, 22);
}

/// The same name, and what the answer says of why.
fn alike(left: &str, right: &str, how: How) {
    for (left, right) in [(left, right), (right, left)] {
        let likeness = compare(left, right);
        assert!(likeness.score >= 0.85, "{left} and {right}: {likeness:?}");
        assert!(likeness.reasons.contains(&how), "{left} and {right}: {likeness:?}");
        assert_eq!(likeness.reasons.first(), Some(&likeness.how));
    }
}

fn unlike(left: &str, right: &str) {
    for (left, right) in [(left, right), (right, left)] {
        let likeness = compare(left, right);
        assert!(likeness.score < MATCH, "{left} and {right}: {likeness:?}");
    }
}

#[test]
fn an_answer_says_by_what() {
    alike("KIM, Jong Un", "Jong-un Kim", How::OtherOrder);
    alike("김정은", "Gim Jeongeun", How::Revised);
    alike("김정은", "Kim Chŏngŭn", How::McCuneReischauer);
    alike("김정은", "Kim Cho'ng-u'n", How::McCuneReischauer);
    alike("김정은", "Kim Jong Un", How::KoreanVariant);
    alike("이영희", "Rhee Young-hee", How::FamilyVariant);
    alike("Yi Sun-sin", "Lee Soon Shin", How::FamilyVariant);
    alike("Pak Kwang Ho", "Park Gwangho", How::FamilyVariant);
    alike("최룡해", "Choe Ryong Hae", How::Revised);
    alike("Choi Yong-hae", "Choe Ryong Hae", How::FamilyVariant);
    alike("金正恩", "김정은", How::SinoKorean);
    alike("毛泽东", "Mao Tse-tung", How::WadeGiles);
    alike("習近平", "Xi Jinping", How::Chinese);
    alike("安倍晋三", "Shinzo Abe", How::Japanese);
    alike("Юрий Щербаков", "Yuriy Shcherbakov", How::Cyrillic);
    alike("Володимир Зеленський", "Volodymyr Zelenskyy", How::Cyrillic);
    alike("Γεώργιος Παπαδόπουλος", "Georgios Papadopoulos", How::Greek);
    alike("J. Edgar Hoover", "John Edgar Hoover", How::Initials);
    alike("Vladimir Vladimirovich Putin", "Vladimir Putin", How::PartMissing);
    alike("Dr. Ayman Haddad", "Ayman Haddad", How::Title);
    alike("OOO Oboronnye Initsiativy", "Oboronnye Initsiativy LLC", How::Same);
    alike(
        "Korea Mining Development Trading Corporation",
        "KOREA MINING DEVELOPMENT TRADING CO., LTD.",
        How::LegalForm,
    );
    alike("Alisher Usmanov", "ALISHERUSMANOV", How::Joined);
}

#[test]
fn other_people_are_other_people() {
    unlike("Kim Jong Un", "Kim Yo Jong");
    unlike("김정은", "김종은");
    unlike("高市早苗", "高石早苗");
    unlike("Abdullah bin Omar al-Harbi", "Omar bin Abdullah al-Harbi");
    unlike("Mohammed", "Mohammed Ali Hassan");
    unlike("A. Nazarbayev", "Nursultan Nazarbayev");
    unlike("Bank of China (Hong Kong) Limited", "Bank of China (Singapore) Limited");
    unlike("Stichting Alfa Foundation", "Stichting Alfa Ltd");
    unlike("", "Kim");
    unlike("!!!", "???");
}

#[test]
fn a_name_of_a_megabyte_is_cut_and_not_waited_for() {
    let long = "Kim ".repeat(250_000);
    assert_eq!(compare(&long, &long).score, 1.0);
    let word = "a".repeat(1_000_000);
    assert!(compare(&word, &format!("{word}b")).score <= 1.0);
    // A vowel's block that a folding makes long.
    let grows = "\u{fdfa}".repeat(100_000);
    assert!(compare(&grows, "Allah").score < 1.0);
}

proptest! {
    #[test]
    fn whoever_asks_first_the_answer_is_one(left in names(), right in names()) {
        let (there, back) = (compare(&left, &right), compare(&right, &left));
        prop_assert_eq!(&there, &back);
        prop_assert_eq!(compare(&left, &left).score, if there.how == How::Different && left.trim().is_empty() { 0.0 } else { 1.0 });
    }

    #[test]
    fn any_text_is_compared(left in ".{0,60}", right in ".{0,60}") {
        let likeness = compare(&left, &right);
        prop_assert!((0.0..=1.0).contains(&likeness.score) && !likeness.reasons.is_empty());
    }
}

fn names() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "Kim",
        "Jong",
        "Un",
        "Lee",
        "Min",
        "Ho",
        "김정은",
        "Сергей",
        "Лавров",
        "Sergey",
        "Lavrov",
        "al",
        "bin",
        "Mohammed",
        "Ahmed",
        "Ltd",
        "OOO",
        "Bank",
        "of",
        "China",
        "金",
        "正恩",
        "J",
        "Mr",
        "II",
        "2004",
        "أحمد",
        "Abdul",
        "Rahman",
        "Abdulrahman",
    ]);
    prop::collection::vec(word, 1..5).prop_map(|words| words.join(" "))
}
