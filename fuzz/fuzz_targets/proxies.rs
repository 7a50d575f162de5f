#![no_main]
//! From where a request came, behind proxies: whoever is no trusted proxy says nothing; whatever a client writes, what a trusted proxy adds
//! behind it counts; and no header makes anybody a caller of this machine. Lines of the header, the last of which the proxy adds to.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, HeaderValue};
use libfuzzer_sys::fuzz_target;
use web::auth::{Proxies, ProxyHeader};

const CLIENT: [u8; 4] = [203, 0, 113, 9];

fuzz_target!(|text: &[u8]| {
    let lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').collect();
    let proxy = SocketAddr::from(([10, 0, 0, 7], 1));
    let stranger = SocketAddr::from(([198, 51, 100, 1], 1));
    for (header, added) in
        [(ProxyHeader::XForwardedFor, "203.0.113.9"), (ProxyHeader::Forwarded, "for=203.0.113.9;proto=https")]
    {
        let proxies = Proxies::new(vec!["10.0.0.0/24".parse().unwrap(), "127.0.0.1/32".parse().unwrap()], header);
        let mut headers = HeaderMap::new();
        for line in &lines {
            let Ok(value) = HeaderValue::from_bytes(line) else { return };
            headers.append(header.name(), value);
        }
        assert_eq!(proxies.client(&headers, stranger), stranger);
        let seen = proxies.client(&headers, proxy).ip();
        assert!(!seen.is_loopback() && !seen.is_unspecified(), "{seen}");
        let mut apart = headers.clone();
        apart.append(header.name(), HeaderValue::from_static(added));
        assert_eq!(proxies.client(&apart, proxy).ip(), IpAddr::from(CLIENT));
        // A proxy that adds to the last line does so behind a comma; what is no text it would not hand on.
        let Some(last) = lines.last().and_then(|last| std::str::from_utf8(last).ok()).filter(|last| last.is_ascii()) else {
            continue;
        };
        let mut together = HeaderMap::new();
        together.append(header.name(), HeaderValue::from_str(&format!("{last}, {added}")).unwrap());
        assert_eq!(proxies.client(&together, proxy).ip(), IpAddr::from(CLIENT));
    }
});
