//! Why something is released, held back or kept out, in the viewer's language.

use policy::Rule;
use watch::guard::Hold;

use super::super::view::View;

/// What a rule of release says.
pub(in crate::page) const fn rule(view: &View, rule: Rule) -> &'static str {
    let korean = match rule {
        Rule::Withdrawn => "공유한 쪽이 철회했습니다.",
        Rule::Expired => "공유 기한이 지났습니다.",
        Rule::MemberEnded => "이 회원은 더 이상 참여하지 않습니다.",
        Rule::Originator => "회원이 직접 공유한 것입니다.",
        Rule::CircleNotMember => "회원이 이 서클에 속하지 않습니다.",
        Rule::CircleWriteOnly => "회원이 이 서클에 공유할 수만 있고 받지는 않습니다.",
        Rule::OriginatorNotMember => "공유한 쪽이 더 이상 이 서클에 속하지 않습니다.",
        Rule::CircleNotInForce => "서클이 아직 시작되지 않았거나 끝났습니다.",
        Rule::LevelTooLow => "회원의 단계보다 높은 형태입니다.",
        Rule::MarkingUnknown => "표시 가운데 이 노드가 모르는 것이 있어 지킬 수 없습니다.",
        Rule::MarkingMalformed => "속성의 표시를 읽을 수 없어 지킬 수 없습니다.",
        Rule::TlpOverCeiling => "TLP 등급이 이 서클의 취급 한도보다 엄격합니다.",
        Rule::TlpOverClearance => "TLP 등급이 회원의 취급 한도보다 엄격합니다.",
        Rule::TlpRedNotNamed => "TLP:RED이며 회원이 수신자로 지정되지 않았습니다.",
        Rule::NotNamed => "지정된 수신자에게만 공유한 것이며 회원은 그 가운데 없습니다.",
        Rule::PapForbidsUse => {
            "PAP 표시가 공격자가 알아챌 수 있는 조치를 허용하지 않으므로 차단에 쓸 수 없습니다."
        }
        Rule::IepForbidsUse => "교환 정책이 이에 따른 조치를 허용하지 않습니다.",
        Rule::IepNotInForce => "교환 정책이 아직 시작되지 않았거나 끝났습니다.",
        Rule::IepNeedsEncryption => "교환 정책이 암호화된 통신을 요구합니다.",
        Rule::OwnedByAnother => "다른 회원이 이 객체를 먼저 공유했으므로 그 회원의 판을 따릅니다.",
        Rule::SpecVersionNotTaken => "이 서클은 이 STIX 판의 객체를 받지 않습니다.",
        Rule::Embargo => "공개 유예 중입니다.",
        Rule::Onward => "아직 다른 곳에 전달할 수 없습니다.",
        Rule::EndNotReleasable => "회원에게 보낼 수 없거나 여기에 없는 객체가 있어야 뜻이 통합니다.",
        Rule::NothingLeft => "가리고 나면 남는 내용이 없습니다.",
        Rule::SourceNamed => "이름을 밝히지 말아 달라는 출처가 드러납니다.",
        Rule::SourcePseudonymised => "출처를 가명으로 바꾸었습니다.",
        Rule::PartsRemoved => "더 엄격한 표시가 붙은 속성을 뺐습니다.",
        Rule::ReferencesRemoved => "회원이 볼 수 없는 것에 대한 참조를 뺐습니다.",
        Rule::Circle => "회원이 속한 서클에 공유되었습니다.",
        // Rules can come to be elsewhere: the test below asks for their Korean.
        _ => rule.sentence(),
    };
    view.say(rule.sentence(), korean)
}

/// Why the guard keeps a value out. In Korean the rule says it, with the list that holds the value; figures stand in English alone.
pub(in crate::page) fn hold(view: &View, hold: &Hold) -> String {
    let said = match (view.is_korean(), guard(hold.rule)) {
        (true, Some(korean)) => korean,
        _ => return hold.message.clone(),
    };
    match &hold.list {
        Some(list) => format!("{said} (목록: 「{list}」)"),
        None => said.to_owned(),
    }
}

/// What a rule of the guard says, by its stable name.
fn guard(rule: &str) -> Option<&'static str> {
    Some(match rule {
        "special-purpose" => "특수 용도로 정해진 이름이나 주소입니다.",
        "public-suffix" => "그 아래에 누구나 이름을 등록할 수 있어, 차단하면 모두 차단됩니다.",
        "warning-list" => "정상 값 목록에 있습니다.",
        "own-asset" => "회원의 자산을 막게 됩니다.",
        "expired" => "유효 기한이 지났습니다.",
        "not-yet-valid" => "아직 유효하지 않습니다.",
        "confidence" => "신뢰도가 기준 아래로 떨어졌습니다.",
        "shared-host" => "여럿이 함께 쓰는 호스트입니다.",
        "too-wide" => "범위가 너무 넓어 무관한 곳까지 차단됩니다.",
        "not-blockable" => "장비가 차단할 수 있는 종류의 값이 아닙니다.",
        "step-limit" => "보낸 쪽이 한 번에 더할 수 있는 양을 넘었고, 운영자가 확인하지 않았습니다.",
        "inside-url" => "주소 안에 들어 있는 값입니다.",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::super::view::Language;
    use policy::Rule;
    use watch::guard::Guard;
    use watch::value::Kind;

    use super::View;

    #[test]
    fn each_rule_of_release_is_said_in_korean() {
        let view = View { language: Language::Korean, ..View::default() };
        for rule in Rule::ALL {
            assert_ne!(super::rule(&view, *rule), rule.sentence());
        }
    }

    #[test]
    fn each_rule_of_the_guard_is_said_in_korean() {
        for rule in Kind::ALL.into_iter().flat_map(Guard::rules).chain(&["step-limit", "inside-url"]) {
            assert!(super::guard(rule).is_some(), "{rule}");
        }
    }
}
