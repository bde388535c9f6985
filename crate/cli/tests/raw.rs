//! Raw repositories: converted while they are downloaded, into what `askmask quantize` makes.

use std::fs;

use serde_json::Value;

use crate::support::raw::{COMMIT, Case, SINGLE, names, starts};
use crate::support::server::Fault;
use crate::support::{ModelCopy, Outcome, QUESTION, ask, fixture, picture};

/// What a model says and marks.
fn answer(outcome: &Outcome) -> [Value; 2] {
    let json = outcome.json();
    ["text", "objects"].map(|field| json[field].clone())
}

#[test]
fn a_raw_repository_is_converted_once_and_answers_as_the_folder_made_by_hand() {
    let case = Case::new();
    let outcome = case.ask(&[]);
    let line = outcome.stderr.lines().next().expect("a line");
    // All but the header.
    let bytes = case.tensor_bytes() as f64 / 1e6;
    for part in [
        "tiny, licence mit, from 127.0.0.1",
        &format!(": {bytes:.2} MB to download"),
        "MB to keep",
    ] {
        assert!(line.contains(part), "{part}: {line}");
    }
    let log = case.server.log();
    assert_eq!(
        names(&log),
        [
            "manifest.json",
            "config.json",
            "adapter_config.json",
            SINGLE,
            "tokenizer.json",
            "README.md",
            SINGLE
        ]
    );
    // All but what tells the commit is asked of that commit.
    for (request, revision) in log
        .iter()
        .zip(["main", "main"].into_iter().chain([COMMIT; 9]))
    {
        let folder = format!("/owner/tiny/resolve/{revision}/");
        assert!(request.path.starts_with(&folder), "{request:?}");
    }
    assert_eq!(starts(&log, SINGLE).len(), 1);
    case.assert_as_by_hand("tiny", &format!("owner/tiny@{COMMIT}"), "mit");
    let by_hand = case.by_hand("tiny", "owner/tiny", "mit");
    assert_eq!(
        answer(&outcome),
        answer(&ask(&by_hand, &picture(), QUESTION))
    );
    // From then on it is a stored model.
    let again = case.ask(&[]);
    assert_eq!(answer(&again), answer(&outcome));
    assert_eq!(again.stderr, "");
    assert_eq!(names(&case.server.log()), ["manifest.json"]);
    case.server.order("manifest.json", &[Fault::Status(503); 4]);
    let offline = case.ask(&[]);
    assert_eq!(answer(&offline), answer(&outcome));
    assert!(offline.stderr.contains("the stored copy is used"));
}

#[test]
fn shards_at_an_address_are_read_each_from_start_to_end() {
    let model = ModelCopy::new();
    model.shard(3);
    let case = Case::of(model);
    let address = format!("{}/models/tiny", case.server.address);
    let outcome = case.ask_at(&format!("{address}/?key=secret"));
    outcome.json();
    assert!(outcome.stderr.contains("licence not stated"), "{outcome:?}");
    case.assert_as_by_hand("tiny", &address, "not stated");
    let log = case.server.log();
    for number in 1..=3 {
        let shard = format!("model-0000{number}-of-00003.safetensors");
        assert_eq!(starts(&log, &shard).len(), 1, "{shard}");
    }
    // An address has no revision, so no other one takes its place.
    assert!(log.iter().all(|r| r.path.starts_with("/models/tiny/")));
}

#[test]
fn an_older_tokenizer_is_made_new() {
    let case = Case::new();
    case.model.age_tokenizer();
    let log = case.converted(&[]);
    for name in ["vocab.json", "merges.txt", "special_tokens_map.json"] {
        assert!(names(&log).contains(&name), "{name}");
    }
    let case = Case::new();
    case.model.age_tokenizer().remove("merges.txt");
    let outcome = case.ask(&[]);
    assert!(outcome.refused("unsupported-model").contains("merges.txt"));
}

#[test]
fn a_header_may_be_longer_than_what_is_asked_for_first() {
    let case = Case::new();
    case.model.edit(|header, _| {
        let long = serde_json::json!({"note": "x".repeat(1_300_000)});
        header.insert("__metadata__".into(), long);
    });
    let log = case.converted(&[]);
    let asked = log.iter().filter(|r| r.file() == SINGLE);
    let first: Vec<_> = asked.map(|r| (r.start, r.last)).take(2).collect();
    assert_eq!(first, [(Some(0), Some(0xf_ffff)), (Some(0x10_0000), None)]);
}

#[test]
fn a_repository_that_is_quantized_already_is_packed_anew() {
    let case = Case::new();
    let source = fixture("sa2va_tiny_q");
    for name in ["config.json", "tokenizer.json", SINGLE] {
        case.model
            .write(name, fs::read(source.join(name)).expect("a fixture"));
    }
    let outcome = case.ask(&[]);
    outcome.json();
    case.assert_as_by_hand("tiny", &format!("owner/tiny@{COMMIT}"), "mit");
}

#[test]
fn the_original_files_are_kept_for_those_who_want_them() {
    let case = Case::new();
    case.model.shard(2);
    let shard = "model-00002-of-00002.safetensors";
    // It breaks off, and goes on in the next run.
    let gone = [Fault::None, Fault::Cut(300_000), Fault::Status(404)];
    case.server.order(shard, &gone);
    let outcome = case.ask(&["--keep-source"]);
    assert_eq!(outcome.fault(), "network", "{outcome:?}");
    assert!(!case.cached("manifest.json").exists());
    case.server.log();
    let log = case.converted(&["--keep-source"]);
    assert_eq!(
        starts(&log, "model-00001-of-00002.safetensors"),
        [0_usize; 0]
    );
    let rest = starts(&log, shard);
    assert!(rest.len() == 1 && rest[0] > 0, "{rest:?}");
    let kept = case.cached("source");
    for entry in fs::read_dir(case.model.path()).expect("a folder") {
        let name = entry.expect("readable").file_name();
        let [ours, theirs] = [&kept, case.model.path()].map(|folder| fs::read(folder.join(&name)));
        assert!(ours.is_ok() && ours.ok() == theirs.ok(), "{name:?}");
    }
    assert_eq!(
        fs::read_dir(&kept).expect("a folder").count(),
        fs::read_dir(case.model.path()).expect("a folder").count()
    );
    // It is a model of its own.
    ask(&kept, &picture(), QUESTION).json();
    // Nothing more is fetched for it, whether or not it is asked for again.
    let log = case.converted(&["--keep-source"]);
    assert!(log.iter().all(|r| r.file() != shard || r.last.is_some()));
    assert_eq!(names(&case.converted(&[])), ["manifest.json"]);
}

#[test]
fn originals_of_a_model_that_is_converted_already_are_fetched_alone() {
    let case = Case::new();
    case.converted(&[]);
    let outcome = case.ask(&["--keep-source"]);
    outcome.json();
    assert!(
        outcome.stderr.contains("the original files are in "),
        "{outcome:?}"
    );
    assert!(case.cached("source/model.safetensors").is_file());
    assert_eq!(starts(&case.server.log(), SINGLE), [0]);
}
