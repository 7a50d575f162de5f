//! Captures of harmless traffic, as a sensor on a network would see it: written here, sent nowhere.

const CLIENT: ([u8; 4], u16) = ([10, 0, 0, 2], 40_000);
const SERVER: [u8; 4] = [45, 10, 20, 7];
const TCP: u8 = 6;
const UDP: u8 = 17;

/// One download over HTTP.
pub(crate) fn download(host: &str, body: &str) -> Vec<u8> {
    let request = format!("GET /f HTTP/1.1\r\nHost: {host}\r\n\r\n");
    let answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    conversation(80, request.as_bytes(), answer.as_bytes())
}

/// One question about a name's address.
pub(crate) fn dns(name: &str) -> Vec<u8> {
    let mut question = vec![0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in name.split('.') {
        question.push(label.len() as u8);
        question.extend_from_slice(label.as_bytes());
    }
    question.extend_from_slice(&[0, 0, 1, 0, 1]);
    let mut datagram = Vec::new();
    for number in [CLIENT.1, 53, 8 + question.len() as u16, 0] {
        datagram.extend_from_slice(&number.to_be_bytes());
    }
    datagram.extend(question);
    [head(), frame(0, CLIENT.0, SERVER, UDP, &datagram)].concat()
}

/// A TLS client's first message, which names the server, and no answer to it.
pub(crate) fn tls(name: &str) -> Vec<u8> {
    let length = |bytes: Vec<u8>| [&(bytes.len() as u16).to_be_bytes()[..], &bytes].concat();
    let names = length([&[0][..], &length(name.as_bytes().to_vec())].concat());
    let extensions = length([&[0, 0][..], &length(names)].concat());
    let mut hello = vec![3, 3];
    hello.extend_from_slice(&[7; 32]);
    hello.push(0);
    hello.extend(length(vec![0x13, 0x01, 0xc0, 0x2f]));
    hello.extend_from_slice(&[1, 0]);
    hello.extend(extensions);
    let handshake = [&[1, 0][..], &length(hello)].concat();
    let record = [&[22, 3, 1][..], &length(handshake)].concat();
    conversation(443, &record, &[])
}

/// A TCP connection: handshake, a request, an answer, both ends closed.
fn conversation(port: u16, request: &[u8], answer: &[u8]) -> Vec<u8> {
    let (syn, ack, push, fin) = (2, 16, 24, 17);
    let (mut client, mut server) = (1_000_u32, 9_000_u32);
    let mut capture = head();
    let mut time = 0;
    let mut send = |from_client: bool, flags: u8, data: &[u8]| {
        let (seq, acked) = if from_client { (client, server) } else { (server, client) };
        let acked = if flags == syn { 0 } else { acked };
        let (from, to) = if from_client { (CLIENT.1, port) } else { (port, CLIENT.1) };
        let mut segment = [from.to_be_bytes(), to.to_be_bytes()].concat();
        segment.extend_from_slice(&seq.to_be_bytes());
        segment.extend_from_slice(&acked.to_be_bytes());
        segment.extend_from_slice(&[0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
        segment.extend_from_slice(data);
        let (source, target) = if from_client { (CLIENT.0, SERVER) } else { (SERVER, CLIENT.0) };
        capture.extend(frame(time, source, target, TCP, &segment));
        time += 1;
        let sent = data.len() as u32 + u32::from(flags & 3 != 0);
        if from_client { client += sent } else { server += sent }
    };
    send(true, syn, &[]);
    send(false, syn | ack, &[]);
    send(true, ack, &[]);
    send(true, push, request);
    send(false, ack, &[]);
    if !answer.is_empty() {
        send(false, push, answer);
        send(true, ack, &[]);
    }
    send(false, fin, &[]);
    send(true, fin, &[]);
    send(false, ack, &[]);
    capture
}

/// The head of a capture file: version 2.4, Ethernet.
fn head() -> Vec<u8> {
    let words: [u32; 6] = [0xa1b2_c3d4, 0x0004_0002, 0, 0, 65_535, 1];
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// One packet in Ethernet and IPv4, without checksums.
fn frame(time: u32, from: [u8; 4], to: [u8; 4], protocol: u8, data: &[u8]) -> Vec<u8> {
    let mut packet = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0];
    packet.extend_from_slice(&u16::try_from(20 + data.len()).unwrap().to_be_bytes());
    packet.extend_from_slice(&[0, 0, 0x40, 0, 64, protocol, 0, 0]);
    packet.extend_from_slice(&from);
    packet.extend_from_slice(&to);
    packet.extend_from_slice(data);
    let length = u32::try_from(packet.len()).unwrap();
    let head = [1_790_000_000 + time, 0, length, length];
    head.iter().flat_map(|word| word.to_le_bytes()).chain(packet).collect()
}
