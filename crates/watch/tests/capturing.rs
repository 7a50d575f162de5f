//! Captures are told as lines, whatever link they are of and however their bytes come; bad ones end where they are bad.

use bongsu_watch::hunt::capture::{Capture, Fault};
use proptest::prelude::*;
use std::net::Ipv4Addr;

use crate::packets::*;

const NAME: &str = "www.drop-k3.top";

fn asks(name: &str) -> Vec<u8> {
    ipv4(17, CLIENT.0, SERVER.0, &udp(CLIENT.1, 53, &question(name)))
}

#[test]
fn a_question_and_its_answer_are_told_with_time_and_ends() {
    let back = udp(53, CLIENT.1, &answer(NAME, "cdn.drop-k3.net", Ipv4Addr::new(192, 0, 2, 99)));
    let packets = [ethernet(0x0800, &asks(NAME)), ethernet(0x0800, &ipv4(17, SERVER.0, CLIENT.0, &back))];
    let file = pcap(1, &packets);
    let mut seen = bongsu_watch::hunt::capture::Observed::default();
    Capture::default().take(&file, &mut seen).unwrap();
    let text = "\
2026-02-02T02:40:00.120000Z 10.0.0.17:40000 192.0.2.7:53 udp flow mac 02:00:00:00:00:01 02:00:00:00:00:02
2026-02-02T02:40:00.120000Z 10.0.0.17:40000 192.0.2.7:53 udp dns query www.drop-k3.top A
2026-02-02T02:40:01.120000Z 192.0.2.7:53 10.0.0.17:40000 udp dns answer www.drop-k3.top A: CNAME cdn.drop-k3.net.; A 192.0.2.99
";
    assert_eq!(
        (String::from_utf8(seen.text).unwrap().as_str(), &seen.of_packets[..], seen.packets),
        (text, &[1, 1, 2][..], 2)
    );
}

#[test]
fn packets_of_all_links_are_read() {
    let ip = asks(NAME);
    let cooked = [&[0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 8, 0][..], &ip].concat();
    let cooked2 = [&[8, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0][..], &ip].concat();
    let fields: Vec<u8> = vec![0, 5, 8, 0];
    let vlan = ethernet(0x8100, &[&fields[..], &ip].concat());
    let vlans = ethernet(0x88a8, &[&[0, 5, 0x81, 0][..], &fields, &ip].concat());
    let pppoe = ethernet(0x8864, &[&[0x11, 0, 0, 1, 0, 9, 0, 0x21][..], &ip].concat());
    let mpls = ethernet(0x8847, &[&[0, 1, 0, 64, 0, 1, 1, 64][..], &ip].concat());
    let tunnel = ethernet(0x0800, &ipv4(4, SERVER.0, CLIENT.0, &ip));
    let links = [
        (1, ethernet(0x0800, &ip)),
        (1, vlan),
        (1, vlans),
        (1, pppoe),
        (1, mpls),
        (1, tunnel),
        (113, cooked),
        (276, cooked2),
        (0, [&[2, 0, 0, 0][..], &ip].concat()),
        (108, [&[0, 0, 0, 2][..], &ip].concat()),
        (12, ip.clone()),
        (101, ip.clone()),
        (228, ip.clone()),
        (9, [&[0xff, 3, 0, 0x21][..], &ip].concat()),
    ];
    for (link, packet) in links {
        assert_eq!(said(&pcap(link, &[packet])), [format!("dns query {NAME} A")], "link {link}");
    }
    // IPv6, with options of hops and of the destination before the datagram.
    let datagram = udp(CLIENT.1, 53, &question(NAME));
    let options: [u8; 16] = [60, 0, 1, 4, 0, 0, 0, 0, 17, 0, 1, 4, 0, 0, 0, 0];
    let packet = ethernet(0x86dd, &ipv6(0, &[&options[..], &datagram].concat()));
    let (lines, faults) = lines(&pcap(1, &[packet]));
    assert_eq!(faults, []);
    assert_eq!(lines[1].1, format!("[2001:db8::17]:40000 [2001:db8::35]:53 udp dns query {NAME} A"));
}

#[test]
fn links_that_are_not_read_are_told_with_their_packets() {
    let packets = vec![vec![8, 2, 0, 0]; 3];
    assert_eq!(lines(&pcap(105, &packets)), (vec![], vec![Fault::Link { link: 105, packets: 3 }]));
}

#[test]
fn packets_of_interfaces_that_are_not_described_are_told() {
    let section = [0x0a0d_0d0a, 28, 0x1a2b_3c4d, 1, u32::MAX, u32::MAX, 28];
    let packet = [6, 36, 0, 0, 0, 4, 4, 0, 36];
    let file: Vec<u8> =
        [&section[..], &packet, &packet].concat().iter().flat_map(|word: &u32| word.to_le_bytes()).collect();
    assert_eq!(lines(&file), (vec![], vec![Fault::Interface { packets: 2 }]));
}

#[test]
fn fragments_are_put_together_in_any_order() {
    let datagram = udp(CLIENT.1, 53, &question(NAME));
    let part = |from: usize, to: usize| {
        let more = to < datagram.len();
        let part = &datagram[from..to];
        ethernet(0x0800, &ipv4_part(17, CLIENT.0, SERVER.0, from as u16, more, part))
    };
    for order in [[0, 1, 2], [2, 0, 1], [1, 2, 0]] {
        let parts = [part(0, 16), part(16, 32), part(32, datagram.len())];
        let file = pcap(1, &order.map(|at| parts[at].clone()));
        assert_eq!(
            lines(&file).0.last().unwrap(),
            &(3, format!("10.0.0.17:40000 192.0.2.7:53 udp dns query {NAME} A"))
        );
    }
    assert_eq!(said(&pcap(1, &[part(0, 16), part(32, datagram.len())])), [""; 0]);
}

#[test]
fn every_form_of_capture_is_read() {
    let packet = ethernet(0x0800, &asks(NAME));
    let expected = lines(&pcap(1, std::slice::from_ref(&packet)));
    let length = packet.len() as u32;
    let file = |order: fn(u32) -> [u8; 4], words: &[u32], more: &[u32]| {
        let mut file: Vec<u8> = words.iter().flat_map(|word| order(*word)).collect();
        file.extend(&packet);
        file.resize(file.len().next_multiple_of(4), 0);
        file.extend(more.iter().flat_map(|word| order(*word)));
        file
    };
    for order in [u32::to_le_bytes, u32::to_be_bytes] {
        let is_little = order(1)[0] == 1;
        let pair =
            |first: u32, second: u32| if is_little { second << 16 | first } else { first << 16 | second };
        for (magic, part) in [(0xa1b2_c3d4, 120_000), (0xa1b2_3c4d, 120_000_000)] {
            let words = [magic, pair(2, 4), 0, 0, 65_535, 1, SECOND, part, length, length];
            let mut file = file(order, &words, &[]);
            file.truncate(40 + packet.len());
            assert_eq!((lines(&file), began(&file).as_str()), (expected.clone(), "2026-02-02T02:40:00.12"));
        }
        // Section; interface whose times are counted in 2^-10 seconds from an offset; a block of no known kind; the packet.
        let block = 32 + length.next_multiple_of(4);
        let resolution = if is_little { 0x8a } else { 0x8a00_0000 };
        let offset: [u32; 2] = if is_little { [10, 0] } else { [0, 10] };
        let ticks = (u64::from(SECOND - 10) << 10) + 123;
        let section = [0x0a0d_0d0a, 28, 0x1a2b_3c4d, pair(1, 0), u32::MAX, u32::MAX, 28];
        let [low, high] = offset;
        let interface = [1, 44, pair(1, 0), 65_535, pair(9, 1), resolution, pair(14, 8), low, high, 0, 44];
        let other = [0x0bad_cafe, 16, 7, 16];
        let head = [6, block, 0, (ticks >> 32) as u32, ticks as u32, length, length];
        let words: Vec<u32> = [&section[..], &interface, &other, &head].concat();
        let file = file(order, &words, &[block]);
        assert_eq!((lines(&file), began(&file).as_str()), (expected.clone(), "2026-02-02T02:40:00.12"));
    }
}

#[test]
fn requests_are_told_with_their_whole_address_on_any_port() {
    let get = |target: &str, head: &str| format!("GET {target} HTTP/1.1\r\n{head}\r\n");
    let requests = [
        (80, get("/a?b=c", "Host: drop-k3.top\r\n"), vec!["http GET http://drop-k3.top/a?b=c"]),
        (8_000, get("/", "HOST:\tdrop-k3.top:8000 \r\n"), vec!["http GET http://drop-k3.top:8000/"]),
        (8_000, get("/x", ""), vec!["http GET http://192.0.2.7:8000/x"]),
        (80, get("/x", ""), vec!["http GET http://192.0.2.7/x"]),
        (3_128, get("http://drop-k3.top/p", "Host: drop-k3.top\r\n"), vec!["http GET http://drop-k3.top/p"]),
        (
            3_128,
            get("http://drop-k3.top/p", "Host: front.example\r\n"),
            vec!["http GET http://drop-k3.top/p host front.example"],
        ),
        (80, get("/a b\u{7}\"c", "Host: drop-k3.top\r\n"), vec!["http GET http://drop-k3.top/a%20b%07%22c"]),
        (80, "GET /old\r\n\r\n".to_owned(), vec!["http GET http://192.0.2.7/old"]),
        (
            80,
            get("*", "Host: a.example\r\n").replace("GET", "OPTIONS"),
            vec!["http OPTIONS * host a.example"],
        ),
        // Two requests with nothing between them but the first one's body, whose bytes look like a third.
        (
            80,
            format!(
                "POST /1 HTTP/1.1\r\nHost: a.example\r\nContent-Length: 26\r\n\r\n{}{}",
                "GET /none HTTP/1.1\r\n\r\n    ",
                get("/2", "Host: b.example\r\n")
            ),
            vec!["http POST http://a.example/1", "http GET http://b.example/2"],
        ),
        (
            80,
            format!(
                "POST /1 HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nGET /\r\n0\r\nTrailer: 1\r\n\r\n{}",
                get("/2", "Host: b.example\r\n")
            ),
            vec!["http POST http://a.example/1", "http GET http://b.example/2"],
        ),
        (80, "SSH-2.0-x\r\nNICK me\r\nGET x\r\n".to_owned(), vec![]),
        (80, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(), vec![]),
    ];
    for (port, text, expected) in requests {
        assert_eq!(said(&connection(port, &[text.as_bytes()])), expected, "{text}");
        let bytes: Vec<&[u8]> = text.as_bytes().chunks(1).collect();
        // A protocol that is none of these is told by how segments begin.
        if !expected.is_empty() {
            assert_eq!(said(&connection(port, &bytes)), expected, "byte by byte: {text}");
        }
    }
    let connects = [
        get("drop-k3.top:443", "Host: drop-k3.top:443\r\n").replace("GET", "CONNECT").into_bytes(),
        hello(NAME).record(),
    ];
    let expected = ["http CONNECT drop-k3.top:443", "tls www.drop-k3.top"];
    let said = said(&connection(3_128, &[&connects[0], &connects[1]]));
    assert!(
        said.iter().zip(expected).all(|(said, expected)| said.starts_with(expected)) && said.len() == 2,
        "{said:?}"
    );
}

fn hello(name: &str) -> Offer<'static> {
    Offer { version: 0x0303, ciphers: &[0x1301, 0xc02f], extensions: vec![server_name(name)] }
}

/// What Chrome offers in the example of JA4's description, with values of GREASE and in an order of its own.
fn chrome() -> Offer<'static> {
    let empty = |kind: u16| (kind, vec![]);
    let alpn = long(&[&[2][..], b"h2", &[8], b"http/1.1"].concat());
    let signatures = [0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601];
    let versions = [&[6][..], &words(&[0x2a2a, 0x0304, 0x0303])].concat();
    Offer {
        version: 0x0303,
        ciphers: &[
            0x3a3a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014,
            0x009c, 0x009d, 0x002f, 0x0035,
        ],
        extensions: vec![
            empty(0x9a9a),
            (0x001b, vec![2, 0, 2]),
            server_name("www.example.com"),
            (0x0033, long(&[])),
            (0x0010, alpn),
            (0x4469, vec![0, 3, 2, b'h', b'2']),
            empty(0x0017),
            (0x002d, vec![1, 1]),
            (0x000d, long(&words(&signatures))),
            (0x0005, vec![1, 0, 0, 0, 0]),
            empty(0x0023),
            empty(0x0012),
            (0x002b, versions),
            (0xff01, vec![0]),
            (0x000b, vec![1, 0]),
            (0x000a, long(&words(&[0x1a1a, 0x001d, 0x0017, 0x0018]))),
            (0x0015, vec![0; 7]),
            empty(0xfafa),
        ],
    }
}

#[test]
fn a_client_of_tls_is_told_by_name_and_fingerprints() {
    // The JA4 is that of the description. The JA3 is the MD5 hash, as another program makes it, of
    // 771,4865-4866-4867-49195-49199-49196-49200-52393-52392-49171-49172-156-157-47-53,27-0-51-16-17513-23-45-13-5-35-18-43-65281-11-10-21,29-23-24,0
    let fingerprints = "ja3 c000e2caf3a25423f9de6c8a4b12a975 ja4 t13d1516h2_8daaf6152771_e5627efa2ab1";
    let record = chrome().record();
    let expected = said(&connection(443, &[&record]));
    assert_eq!(expected, [format!("tls www.example.com {fingerprints}")]);
    // In records of a few bytes, in segments of a few bytes, and behind a greeting of another protocol.
    let records: Vec<u8> =
        chrome().handshake().chunks(50).flat_map(|part| [&[22, 3, 1][..], &long(part)].concat()).collect();
    let parts: Vec<&[u8]> = records.chunks(7).collect();
    assert_eq!(said(&connection(8_443, &parts)), expected);
    assert_eq!(said(&connection(25, &[b"EHLO me\r\n", b"STARTTLS\r\n", &record])), expected);
    // What is cut has a name, if that is there, and no fingerprints.
    let cut = &record[..record.len() - 60];
    assert_eq!(said(&connection(443, &[cut])), ["tls www.example.com"]);
    assert_eq!(said(&connection(443, &[&record[..60]])), [""; 0]);
}

#[test]
fn segments_are_put_in_order() {
    let request = format!("GET /{} HTTP/1.1\r\nHost: drop-k3.top\r\n\r\n", "a".repeat(40));
    let bytes = request.as_bytes();
    let part = |from: usize, to: usize| sent(80, 1_000 + from as u32, ACK, &bytes[from..to]);
    let syn = sent(80, 999, SYN, &[]);
    let end = bytes.len();
    let orders: [Vec<Vec<u8>>; 4] = [
        vec![syn.clone(), part(20, end), part(0, 20)],
        vec![syn.clone(), part(30, 50), part(50, end), part(10, 30), part(0, 10)],
        // Overlaps and repetitions; what came first holds.
        vec![syn.clone(), part(0, 20), part(0, 20), part(10, 40), part(30, end), part(0, end)],
        // A connection that was there before the capture.
        vec![part(0, 33), part(33, end)],
    ];
    let expected = [format!("http GET http://drop-k3.top/{}", "a".repeat(40))];
    for packets in orders {
        assert_eq!(said(&pcap(1, &packets)), expected);
    }
    // The end comes before the middle, with data and without.
    let fin = |from: usize| sent(80, 1_000 + from as u32, FIN | ACK, &bytes[from..]);
    for packets in [
        vec![syn.clone(), part(0, 20), fin(30), part(20, 30)],
        vec![syn.clone(), part(0, 20), fin(end), part(20, end)],
    ] {
        assert_eq!(said(&pcap(1, &packets)), expected);
    }
    // Numbers go round.
    let around =
        |from: usize, to: usize| sent(80, (u32::MAX - 9).wrapping_add(from as u32), ACK, &bytes[from..to]);
    let packets = [sent(80, u32::MAX - 10, SYN, &[]), around(20, end), around(0, 20)];
    assert_eq!(said(&pcap(1, &packets)), expected);
    // What was lost is given up, and what comes after is read.
    let rest: Vec<u8> = b"x".repeat(1_400);
    let mut packets = vec![syn, part(0, 20)];
    packets.extend((0..80).map(|at| sent(80, 2_000 + at * 1_400, ACK, &rest)));
    packets.push(sent(80, 2_000 + 80 * 1_400, ACK, bytes));
    assert_eq!(said(&pcap(1, &packets)), expected);
}

#[test]
fn what_a_snapshot_cuts_is_told_as_far_as_it_goes() {
    let request = format!("GET /a HTTP/1.1\r\nHost: drop-k3.top\r\nCookie: {}\r\n\r\n", "c".repeat(900));
    let next = b"GET /b HTTP/1.1\r\nHost: drop-k3.top\r\n\r\n";
    let packets = [
        sent(80, 999, SYN, &[]),
        sent(80, 1_000, ACK, request.as_bytes()),
        sent(80, 1_000 + request.len() as u32, ACK, next),
    ];
    let mut file = pcap(1, &packets);
    // Of the second packet, 100 bytes were kept.
    let at = 24 + 16 + packets[0].len();
    let kept = 100;
    file[at + 8..at + 12].copy_from_slice(&(kept as u32).to_le_bytes());
    file.drain(at + 16 + kept..at + 16 + packets[1].len());
    assert_eq!(said(&file), ["http GET http://drop-k3.top/a", "http GET http://drop-k3.top/b"]);
}

#[test]
fn names_over_tcp_are_told_message_by_message() {
    let messages: Vec<u8> =
        ["a.example", "b.example", "c.example"].iter().flat_map(|name| long(&question(name))).collect();
    let expected = ["dns query a.example A", "dns query b.example A", "dns query c.example A"];
    for size in [1, 7, 40, messages.len()] {
        let parts: Vec<&[u8]> = messages.chunks(size).collect();
        assert_eq!(said(&connection(53, &parts)), expected);
    }
}

#[test]
fn a_capture_that_lies_or_ends_early_is_told_up_to_there() {
    let packets: Vec<Vec<u8>> = (0..3).map(|at| ethernet(0x0800, &asks(&format!("n{at}.example")))).collect();
    let file = pcap(1, &packets);
    let (whole, _) = lines(&file);
    let record = 16 + packets[0].len();
    for length in 0..file.len() {
        let packets = length.saturating_sub(24) / record;
        let ends = length == 0 || length >= 24 && (length - 24) % record == 0;
        let faults = if ends { vec![] } else { vec![Fault::Cut { packets: packets as u64 }] };
        let told = whole.iter().filter(|(packet, _)| *packet <= packets as u64).cloned().collect();
        assert_eq!(lines(&file[..length]), (told, faults), "{length}");
    }
    let second = 24 + record;
    let mut lies = file.clone();
    lies[second + 8..second + 12].copy_from_slice(&u32::MAX.to_le_bytes());
    let told: Vec<_> = whole.iter().filter(|(packet, _)| *packet == 1).cloned().collect();
    assert_eq!(lines(&lies), (told, vec![Fault::TooLong { packets: 1, bytes: u64::from(u32::MAX) }]));
    // Times of another century change nothing.
    let mut skewed = file;
    skewed[second..second + 8].copy_from_slice(&[0xff; 8]);
    assert_eq!(lines(&skewed), (whole, vec![]));
}

#[test]
fn many_flows_are_told_each_once_and_what_is_left_of_them_at_the_end() {
    let flow = |at: u32| {
        let from = Ipv4Addr::from(0x0a00_0000 | at);
        ethernet(
            0x0800,
            &ipv4(6, from, SERVER.0, &tcp(40_000, 80, 1_000, ACK, b"GET /x HTTP/1.1\r\nHost: a.example\r\n")),
        )
    };
    let packets: Vec<Vec<u8>> = (0..40_000).map(flow).collect();
    let (lines, faults) = lines(&pcap(1, &packets));
    assert_eq!(faults, []);
    let requests: Vec<u64> =
        lines.iter().filter(|(_, line)| line.contains(" http GET ")).map(|(packet, _)| *packet).collect();
    assert_eq!((lines.len(), requests.len()), (80_000, 40_000));
    assert!(requests.is_sorted(), "told in their order");
    // The packet is the one that showed it, although it was told when the flow made room.
    assert!(lines.iter().all(|(packet, line)| {
        line.contains(&format!("{}:40000", Ipv4Addr::from(0x0a00_0000 | (*packet as u32 - 1))))
    }));
}

proptest! {
    #[test]
    fn a_capture_may_come_in_any_pieces(cuts in proptest::collection::vec(0_usize..2_000, 0..8)) {
        let request = b"GET /a HTTP/1.1\r\nHost: a.example\r\n\r\n";
        let file = connection(80, &[&request[..10], &request[10..], request]);
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut % file.len()).chain([0, file.len()]).collect();
        cuts.sort_unstable();
        let pieces = cuts.windows(2).map(|two| &file[two[0]..two[1]]);
        prop_assert_eq!(lines_of(pieces), lines(&file));
    }

    #[test]
    fn whatever_a_capture_holds_it_ends(
        link in prop_oneof![Just(1_u32), Just(101), Just(113), Just(276), Just(0)],
        packets in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..120), 0..8),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
    ) {
        let mut file = pcap(link, &packets);
        file.extend(&connection(443, &[&chrome().record()])[24..]);
        for (at, byte) in changes {
            let at = at.index(file.len());
            file[at] = byte;
        }
        let _lines = lines(&file);
    }
}
