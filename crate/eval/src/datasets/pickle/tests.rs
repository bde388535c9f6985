use super::*;
use serde_json::json;

fn first(bytes: &[u8]) -> Result<Value, Problem> {
    Pickle::parse(bytes)?.entry(0)
}

#[test]
fn text_protocol() {
    // pickle.dumps([{'sent': 'a "b"', 'ids': [1, -2], 'raw': u'caf\xe9', 'x': 1.5}], 0)
    let bytes =
        b"(lp0\n(dp1\nS'sent'\np2\nS'a \"b\\n'\np3\nsS'ids'\np4\n(lp5\nI1\naI-2\nasVraw\np6\n\
        Vcaf\xe9 \\u20ac\\u000a\np7\nsS'x'\nF1.5\nsS'py2'\nS'\\xc3\\xa9'\nsS'ok'\nI01\nsS'big'\nL123L\nsa.";
    let expected = json!({
        "sent": "a \"b\n", "ids": [1, -2], "raw": "café €\n", "x": 1.5, "py2": "é", "ok": true, "big": 123,
    });
    assert_eq!(first(bytes).unwrap(), expected);
}

#[test]
fn binary_protocols() {
    // [{'a': (1, 300), 'b': -1}], protocol 2, with a value used twice.
    let bytes = b"\x80\x02]q\x00}q\x01(U\x01aq\x02K\x01M,\x01\x86q\x03U\x01bJ\xff\xff\xff\xffX\x01\x00\x00\x00ch\x02ua.";
    assert_eq!(
        first(bytes).unwrap(),
        json!({"a": [1, 300], "b": -1, "c": "a"})
    );
    // Protocol 4.
    let bytes =
        b"\x80\x04\x95\x0d\x00\x00\x00\x00\x00\x00\x00]\x94}\x94\x8c\x01a\x94\x8a\x02\x00\xffsa.";
    assert_eq!(first(bytes).unwrap(), json!({"a": -256}));
}

#[test]
fn what_could_run_code_is_refused_by_name() {
    for (bytes, name) in [
        (&b"cos\nsystem\n(S'false'\ntR."[..], "GLOBAL"),
        (b"(S'os'\nS'system'\n\x93.", "STACK_GLOBAL"),
        (b"]R.", "REDUCE"),
        (b"(ios\nsystem\n.", "INST"),
        (b"(S'x'\no.", "OBJ"),
        (b"]}b.", "BUILD"),
        (b"])\x81.", "NEWOBJ"),
        (b"P1\n.", "PERSID"),
        (b"\x82\x01.", "EXT"),
        (b"cos\nsystem\n0].", "\"os.system\" at byte 0"),
        (b"\x8c\x02os\x8c\x06system\x93.", "\"os.system\" at byte 12"),
        (b"c\x1b[2J\nx\n.", "\\u{1b}[2J.x"),
    ] {
        let problem = Pickle::parse(bytes).unwrap_err();
        assert_eq!(problem.code, "forbidden-opcode");
        assert!(problem.reason.contains(name), "{}", problem.reason);
    }
}

#[test]
fn cycles_and_bombs_are_bounded() {
    // A list that holds itself.
    let cycle = b"]q\x00h\x00a.";
    assert_eq!(first(cycle).unwrap_err().code, "too-large");
    // Twenty lists that hold the one before ten times.
    let mut bomb = b"]q\x00".to_vec();
    for level in 0..20_u8 {
        bomb.extend([b']', b'(']);
        for _ in 0..10 {
            bomb.extend([b'h', level]);
        }
        bomb.extend([b'e', b'q', level + 1]);
    }
    bomb.extend(b"]h\x14a.");
    assert_eq!(first(&bomb).unwrap_err().code, "too-large");
    // Sixty lists that hold the one before twice, as CPython's pickler shares them.
    let mut laughs = b"]]q\x00".to_vec();
    for level in 0..60_u8 {
        laughs.extend([
            b'0',
            b']',
            b'h',
            level,
            b'a',
            b'h',
            level,
            b'a',
            b'q',
            level + 1,
        ]);
    }
    laughs.extend(b"a.");
    assert_eq!(first(&laughs).unwrap_err().code, "too-large");
    // A list that is put into itself, over and over.
    let copies = [b"]".as_slice(), &b"2a".repeat(40), b"."].concat();
    assert_eq!(first(&copies).unwrap_err().code, "too-large");
    // A megabyte of lists in lists.
    let deep = [b"]".repeat(500_000), b"a".repeat(499_999), b".".to_vec()].concat();
    assert_eq!(first(&deep).unwrap_err().code, "too-large");
    let huge = b"\x80\x04\x8d\xff\xff\xff\xff\xff\xff\xff\xff.";
    assert_eq!(Pickle::parse(huge).unwrap_err().code, "invalid-pickle");
}

#[test]
fn broken_pickles_are_refused() {
    for bytes in [
        &b""[..],
        b".",
        b"]",
        b"(.",
        b"e.",
        b"}a.",
        b"(]d.",
        b"g7\n.",
        b"K",
        b"K\x01.",
        b"S'x\n.",
        b"0.",
    ] {
        assert_eq!(
            Pickle::parse(bytes).unwrap_err().code,
            "invalid-pickle",
            "{bytes:?}"
        );
    }
}
