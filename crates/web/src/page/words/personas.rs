//! What is said of applications and personas, in the viewer's language.

use exchange::persona::{CheckError, ContestError, KnownError};
use stix::Finding;
use watch::names::How;
use watch::persona::{ReadError, Reason, Sign, UNNAMED, Word};

use super::super::view::View;
use super::fault;

/// What a score says, in a word or two.
pub(in crate::page) const fn word(view: &View, word: Word) -> &'static str {
    let korean = match word {
        Word::Nothing => "살펴볼 것 없음",
        Word::Look => "살펴볼 것",
        Word::Review => "다시 검토할 것",
    };
    view.say(word.as_str(), korean)
}

/// What a sign says, in a sentence or two; of one that is new here, its English.
pub(in crate::page) const fn sign(view: &View, sign: Sign) -> &'static str {
    let korean = match sign {
        Sign::Name => "이름이 위장 인력의 이름과 비슷합니다. 같은 이름을 쓰는 사람은 많습니다.",
        Sign::Email => "전자우편 주소가 위장 인력의 것입니다.",
        Sign::EmailAlike => "전자우편 주소의 어간이 위장 인력이 쓰는 이름과 같습니다.",
        Sign::Account => "계정이 위장 인력의 것입니다.",
        Sign::AccountAlike => "계정 이름의 어간이 위장 인력이 쓰는 이름과 같습니다.",
        Sign::Wallet => "지갑이 위장 인력의 것입니다.",
        Sign::BankAccount => "은행 계좌가 위장 인력의 것입니다.",
        Sign::Phone => "전화번호가 위장 인력의 것입니다.",
        Sign::Address => {
            "위장 인력이 쓴 주소에서 로그인했습니다. 주소는 여럿이 함께 쓰기도 하고 주인이 바뀌기도 합니다."
        }
        Sign::Device => "장치가 위장 인력의 것입니다.",
        Sign::Picture => "사진이 위장 인력의 사진과 같은 파일입니다.",
        Sign::PictureAlike => "사진의 지각 해시가 위장 인력의 사진과 가깝습니다.",
        Sign::Document => "문서가 위장 인력의 것입니다.",
        Sign::Repository => "저장소가 위장 인력이 자기 것이라고 내놓는 것입니다.",
        Sign::Page => "웹 페이지가 위장 인력이 자기 것이라고 내놓는 것입니다.",
        Sign::Text => "글이 위장 인력의 글과 대부분 같습니다.",
        Sign::SharedDevice => "다른 이름의 지원자가 같은 장치를 씁니다.",
        Sign::SharedPhone => "다른 이름의 지원자가 같은 전화번호를 적었습니다.",
        Sign::SharedPayment => "다른 이름의 지원자가 같은 곳으로 급여를 받습니다.",
        Sign::SharedAccount => "다른 이름의 지원자가 같은 전자우편 주소나 계정을 적었습니다.",
        Sign::LogInCountries => "짧은 시간에 여러 국가에서 로그인했습니다.",
        Sign::RemoteDesktop => "장치에서 원격 제어 프로그램이 발견되었습니다.",
        Sign::KvmOverIp => "네트워크로 쓰는 키보드·화면·마우스(KVM) 장치가 발견되었습니다.",
        Sign::Vpn => "고용주가 제공하지 않은 VPN이나 프록시로 로그인했습니다. 정직한 사람도 많이 씁니다.",
        Sign::VideoRefused => "지원자가 영상에 나오기를 원하지 않았습니다.",
        Sign::DocumentsAltered => "문서가 변조된 것으로 밝혀졌습니다.",
        Sign::TimeZones => "밝힌 시간대와 다른 시간대의 근무 시간에 일했습니다.",
        Sign::VirtualAssetPay => "급여를 가상자산으로 원합니다.",
        Sign::MailDrop => "장치를 밝힌 집이 아닌 곳으로 보내야 합니다.",
        other => other.sentence(),
    };
    view.say(sign.sentence(), korean)
}

/// What the program itself says of what matched: values stay as they are.
const SAID: [(&str, &str); 12] = [
    ("the same", "같음"),
    ("seen", "발견됨"),
    ("the same letters and digits", "같은 글자와 숫자"),
    ("the same stem", "같은 어간"),
    ("told by the employer", "고용주가 알림"),
    ("a mail drop", "우편 대행지"),
    ("a VPN or proxy", "VPN이나 프록시"),
    ("no video", "영상 없음"),
    ("an altered document", "변조된 문서"),
    ("pay in virtual assets", "가상자산 급여"),
    ("the employer", "고용주"),
    (UNNAMED, "이름을 밝히지 않음"),
];

fn said(text: &str) -> Option<String> {
    SAID.iter().find(|(english, _)| *english == text).map(|(_, korean)| (*korean).to_owned())
}

/// How what was given and what is known are alike.
pub(in crate::page) fn how(view: &View, reason: &Reason) -> String {
    let text = &reason.matched.how;
    if !view.is_korean() {
        return text.clone();
    }
    let number = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    match reason.sign {
        Sign::Name => name(text).map(|how| super::screening::differs(view, how)),
        Sign::PictureAlike => text
            .split_once(" of ")
            .map(|(bits, of)| format!("{}비트 중 {}비트가 다름", number(of), number(bits))),
        Sign::Text => Some(format!("약 {}%가 같음", number(text))),
        _ => said(text),
    }
    .unwrap_or_else(|| text.clone())
}

/// How two names are alike, of its sentence.
fn name(text: &str) -> Option<How> {
    How::ALL.into_iter().find(|how| how.to_string() == text)
}

/// What is known, or was given: the words that the program itself puts there.
pub(in crate::page) fn value(view: &View, reason: &Reason, text: &str) -> String {
    if !view.is_korean() {
        return text.to_owned();
    }
    let after = |prefix: &str| text.strip_prefix(prefix);
    let korean = match reason.sign {
        Sign::TimeZones => after("stated: ").map(|zone| format!("밝힌 시간대: {zone}")),
        Sign::MailDrop => after("home: ").map(|home| format!("밝힌 집: {home}")).or_else(|| said(text)),
        Sign::SharedDevice | Sign::SharedPhone | Sign::SharedPayment | Sign::SharedAccount => {
            after("application ").map(|which| application(view, which))
        }
        Sign::LogInCountries => text.split_once(" countries within ").and_then(|(countries, hours)| {
            Some(format!("{}시간 안에 {countries}개국", hours.strip_suffix(" hours")?))
        }),
        Sign::Vpn | Sign::VideoRefused | Sign::DocumentsAltered | Sign::VirtualAssetPay => said(text),
        _ => None,
    };
    korean.unwrap_or_else(|| text.to_owned())
}

/// Who says it.
pub(in crate::page) fn who(view: &View, who: &str) -> String {
    let korean = if view.is_korean() { said(who) } else { None };
    korean.unwrap_or_else(|| who.to_owned())
}

/// What an application is called: as its file says, or by its number.
pub(in crate::page) fn application(view: &View, id: &str) -> String {
    let number = id.strip_prefix("application ").unwrap_or(id);
    let is_numbered = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    match (view.is_korean(), is_numbered) {
        (true, true) => format!("지원서 {number}"),
        _ => id.to_owned(),
    }
}

/// What could not be read.
pub(in crate::page) fn finding(view: &View, finding: &Finding) -> String {
    let korean = match finding.code {
        "value-malformed" => "값을 읽을 수 없어 뺐고, 나머지는 그대로 두었습니다.",
        "not-yes-or-no" => "예도 아니요도 아니어서 뺐습니다.",
        "application-malformed" => "지원서가 아닙니다.",
        "nothing-known" => "아는 항목이 없어 뺐습니다.",
        "row-malformed" => "행을 읽을 수 없습니다.",
        "line-malformed" => "vCard의 줄이 아니어서 뺐습니다.",
        "outside-card" => "vCard 밖에 있어 뺐습니다.",
        "card-unended" => "마지막 vCard가 끝나지 않아 있는 것만 두었습니다.",
        _ => "읽을 수 없습니다.",
    };
    fault(view, korean, &finding.message)
}

/// Why nothing was checked.
pub(in crate::page) fn not_checked(view: &View, error: &CheckError) -> String {
    let korean = match error {
        CheckError::Busy => "다른 지원서를 확인하고 있습니다. 잠시 뒤 다시 시도하십시오.",
        CheckError::TooLong(_) => "한 번에 읽을 수 있는 것보다 깁니다. 나누어 보내십시오.",
        CheckError::TooMany(_) => "한 번에 확인할 수 있는 것보다 지원서가 많습니다. 나누어 보내십시오.",
        CheckError::Unread(unread) => match unread {
            ReadError::Empty => "내용이 없습니다.",
            ReadError::TooLarge { .. } | ReadError::TooMany => "한 번에 읽을 수 있는 것보다 많습니다.",
            ReadError::NotText { .. } => "UTF-8로 된 글이 아닙니다.",
            _ => "지원서로 읽을 수 없습니다.",
        },
        CheckError::Known(KnownError::TooMany(_)) => {
            "위장 인력에 관한 객체가 너무 많아 견줄 수 없습니다. 노드 운영자에게 알리십시오."
        }
        _ => "위장 인력을 읽지 못했습니다. 다시 시도하십시오.",
    };
    fault(view, korean, error)
}

/// Why an objection, or an answer to one, was not taken.
pub(in crate::page) fn not_said(view: &View, error: &ContestError) -> String {
    let korean = match error {
        ContestError::Reason => "까닭을 적으십시오. 8,192바이트까지 쓸 수 있습니다.",
        ContestError::Type(_) => {
            "그런 종류의 객체에는 이의를 낼 수 없습니다. 까닭에 나온 identity, relationship, grouping, report 객체를 적으십시오."
        }
        ContestError::Missing => "그 서클에 귀 기관이 볼 수 있는 그런 객체가 없습니다.",
        ContestError::Refused(_) | ContestError::Submit(_) => "서클이 받아들이지 않았습니다.",
        _ => "서클을 읽지 못했습니다. 다시 시도하십시오.",
    };
    let english = error.to_string();
    let mut english = english.chars();
    let first = english.next().map(|letter| letter.to_uppercase().collect::<String>()).unwrap_or_default();
    fault(view, korean, &format!("{first}{}.", english.as_str()))
}

#[cfg(test)]
mod tests {
    use super::super::super::view::Language;
    use super::*;
    use stix::Timestamp;
    use watch::persona::{Personas, Weights, check_all, read};

    fn korean() -> View {
        View { language: Language::Korean, ..View::default() }
    }

    #[test]
    fn every_sign_and_every_likeness_of_names_has_its_korean() {
        for one in Sign::ALL {
            assert_ne!(sign(&korean(), *one), one.sentence(), "{}", one.code());
            assert_eq!(sign(&View::default(), *one), one.sentence());
        }
        for how in How::ALL {
            assert_eq!(name(&how.to_string()), Some(how));
            assert_ne!(super::super::screening::differs(&korean(), how), how.to_string());
        }
    }

    #[test]
    fn what_an_application_shows_by_itself_is_told_in_korean() {
        let file = r#"[
            {"id": "A", "names": ["Ana Pires"], "devices": ["SN-1234"], "phones": ["+82 2 555 0100"],
             "log_ins": ["2026-10-30T08:00:00Z DE", "2026-10-30T09:00:00Z FR", "2026-10-30T10:00:00Z KR"],
             "tools": ["AnyDesk", "PiKVM"], "vpn": true, "time_zone": "Europe/Paris", "time_zones_seen": ["Asia/Seoul"],
             "lives_at": "Lyon", "ship_to": "Oslo", "video_refused": true, "documents_altered": true, "virtual_asset_pay": true},
            {"names": ["Mary Cotter"], "devices": ["SN-1234"], "phones": ["+82 2 555 0100"], "mail_drop": true}
        ]"#;
        let told = read(file.as_bytes()).unwrap();
        assert!(told.findings.is_empty(), "{:?}", told.findings);
        let now = Timestamp::parse("2026-10-31T00:00:00Z").unwrap();
        let outcomes = check_all(&told.applications, &Personas::default(), &Weights::default(), now);
        let view = korean();
        let (mut seen, mut english) = (0, Vec::new());
        for reason in outcomes.iter().flat_map(|outcome| &outcome.reasons) {
            seen += 1;
            let texts = [
                how(&view, reason),
                value(&view, reason, &reason.matched.given),
                value(&view, reason, &reason.matched.known),
                who(&view, &reason.source.who),
            ];
            for text in texts {
                let words = text.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| {
                    const VALUES: &str =
                        "DE FR KR AnyDesk anydesk PiKVM pikvm VPN Europe Paris Asia Seoul Lyon Oslo sn A";
                    !word.is_empty() && !VALUES.split(' ').any(|value| value == *word)
                });
                english.extend(words.map(|word| format!("{}: {word} in {text}", reason.sign.code())));
            }
        }
        assert!(seen >= 12, "{seen}");
        assert!(english.is_empty(), "{english:#?}");
        assert_eq!(application(&view, "application 2"), "지원서 2");
        assert_eq!(application(&view, "A-17"), "A-17");
    }

    #[test]
    fn how_alike_pictures_and_texts_are_is_told_in_korean() {
        let now = Timestamp::parse("2026-10-31T00:00:00Z").unwrap();
        let vpn = read(br#"{"names": ["Ana Pires"], "vpn": true}"#).unwrap().applications;
        let mut outcomes = check_all(&vpn, &Personas::default(), &Weights::default(), now);
        let mut reason = outcomes.remove(0).reasons.remove(0);
        for (sign, english, korean_text) in [
            (Sign::PictureAlike, "3 of 64 bits differ", "64비트 중 3비트가 다름"),
            (Sign::Text, "about 90% of it is the same", "약 90%가 같음"),
            (Sign::Wallet, "the same", "같음"),
        ] {
            reason.sign = sign;
            reason.matched.how = english.to_owned();
            assert_eq!(how(&korean(), &reason), korean_text);
            assert_eq!(how(&View::default(), &reason), english);
        }
    }
}
