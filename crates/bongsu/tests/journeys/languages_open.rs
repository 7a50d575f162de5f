//! Where nobody has logged in, and where something goes wrong, pages speak the language of the request; programs are told in English.

use reqwest::blocking::Response;

use crate::node::{Node, Serving};
use crate::people::{PASSWORD, person};

/// What a browser is answered that shows a token or none, and wants these languages.
fn asked(serving: &Serving, path: &str, token: Option<&str>, languages: &str) -> Response {
    let request = serving.client.get(format!("{}{path}", serving.url)).header("accept", "text/html");
    let request = request.header("accept-language", languages);
    token.into_iter().fold(request, |request, token| request.bearer_auth(token)).send().unwrap()
}

#[test]
fn the_log_in_speaks_the_language_of_the_browser() {
    let node = Node::with_members();
    let link = person(&node, "jin", "list", &["reader"]);
    let serving = node.serve();
    let page = |path: &str, languages: &str| asked(&serving, path, None, languages).text().unwrap();
    let korean = page("/login", "ko-KR,ko;q=0.9,en;q=0.5");
    assert!(korean.contains("<html lang=\"ko\"") && korean.contains("비밀번호"), "{korean}");
    assert!(!korean.contains("Password") && !korean.contains("Log in"), "{korean}");
    let english = page("/login", "de,en;q=0.8");
    assert!(english.contains("<html lang=\"en\"") && english.contains("Password"), "{english}");
    for (languages, tag, password) in
        [("fr,en;q=0.8", "fr", "Mot de passe"), ("id-ID", "id", "Kata sandi"), ("vi", "vi", "Mật khẩu")]
    {
        let other = page("/login", languages);
        assert!(other.contains(&format!("<html lang=\"{tag}\"")) && other.contains(password), "{other}");
        assert!(!other.contains("Password") && !other.contains("Log in"), "{other}");
    }
    assert!(page("/login?lang=ko", "en").contains("비밀번호"), "the address counts before the browser");
    assert!(page(&link, "ko").contains("이 링크는 한 번만 쓸 수 있습니다"));
    assert!(page("/welcome/nobody", "ko").contains("쓸 수 없는 링크"));
    // What was filled in and is wrong is told in the same language.
    let token = |page: &str| {
        let rest = page.split_once("name=\"form\" value=\"").unwrap().1;
        rest.split_once('"').unwrap().0.to_owned()
    };
    let shown = asked(&serving, "/login", None, "ko");
    let cookie = shown.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let form = token(&shown.text().unwrap());
    let body = format!("form={form}&user=jin&password={}&to=/", PASSWORD.replace(' ', "+"));
    let tried = |form: &str| {
        let request = serving.client.post(format!("{}/login", serving.url)).header("cookie", &cookie);
        let request = request.header("origin", &serving.url).header("accept-language", "ko");
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        request.body(body.replace("form=", form)).send().unwrap()
    };
    let wrong = tried("form=");
    assert_eq!(wrong.status(), 401);
    assert!(wrong.text().unwrap().contains("로그인하지 못했습니다."));
    let elsewhere = tried("form=x");
    assert_eq!(elsewhere.status(), 403);
    assert!(elsewhere.text().unwrap().contains("이곳에서 보낸 것이 아님"));
}

#[test]
fn what_goes_wrong_is_told_in_the_language_of_the_request() {
    let node = Node::with_members();
    let operator =
        node.json(&["member", "token", "--operator"])["token"]["token"].as_str().unwrap().to_owned();
    let serving = node.serve();
    // Answered on the thread of the connection, and on another; by the log-in, and by the answer form.
    let pages = [
        ("/nothing", Some(operator.as_str())),
        ("/circles/nothing/quarantine", Some(operator.as_str())),
        ("/cases/nothing", Some(operator.as_str())),
        ("/releases/nothing", Some(node.tokens["list"].as_str())),
        ("/as/nobody/circles", Some(operator.as_str())),
        ("/answer/nothing", None),
        ("/call/nothing", None),
    ];
    for (path, token) in pages {
        let answer = asked(&serving, path, token, "ko");
        assert_eq!(answer.status(), 404, "{path}");
        let text = answer.text().unwrap();
        assert!(text.contains("<html lang=\"ko\"") && text.contains("찾을 수 없음"), "{path}: {text}");
        assert!(!text.contains("Not found") && !text.contains("There is nothing"), "{path}: {text}");
        let text = asked(&serving, path, token, "en").text().unwrap();
        assert!(text.contains("There is nothing here for you."), "{path}: {text}");
    }
    let refused = asked(&serving, "/region/plan?months=many", Some(&operator), "ko");
    assert_eq!(refused.status(), 400);
    assert!(refused.text().unwrap().contains("요청할 수 없음"));
    // A browser that shows what is no token, and programs.
    let denied = asked(&serving, "/circles", Some("no-token"), "ko");
    assert_eq!(denied.status(), 401);
    assert!(denied.text().unwrap().contains("로그인이 필요함"));
    for path in ["/taxii2/", "/d/list/all.csv", "/screening/search"] {
        let denied = asked(&serving, path, Some("no-token"), "ko");
        assert_eq!(denied.status(), 401, "{path}");
        assert!(denied.text().unwrap().contains("Log in with your member handle"), "{path}");
    }
}
