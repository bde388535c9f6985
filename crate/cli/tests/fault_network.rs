//! Faults 24 to 27: models from a network that breaks, lies and refuses.

use std::fs;
use std::path::PathBuf;

use crate::support::server::{Fault, Request, Server};
use crate::support::{Outcome, QUESTION, askmask, askmask_with_cache, picture, quantize, tiny};
use tempfile::TempDir;

const WEIGHTS: &str = "weights-00001.safetensors";

/// A quantized model, a server of it, and an empty cache.
struct Case {
    folder: TempDir,
    server: Server,
}

impl Case {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let small = folder.path().join("small");
        let outcome = quantize(&tiny(), &small, &[]);
        assert_eq!(outcome.code, Some(0), "{outcome:?}");
        let server = Server::new(&small);
        Self { folder, server }
    }

    /// Asks the model at `model`; nothing but its own cache is kept between two calls.
    fn ask_at(&self, model: &str, more: &[&str]) -> Outcome {
        let picture = picture();
        let asked = ["ask", picture.to_str().unwrap(), QUESTION, "--json"];
        let words = asked.into_iter().chain(["--model", model]);
        let cache = self.folder.path().join("cache");
        askmask_with_cache(&cache, words.chain(more.iter().copied()))
    }

    fn ask(&self) -> Outcome {
        self.ask_at(&format!("{}/m/manifest.json", self.server.address), &[])
    }

    /// Asks, which must give an answer; what was requested meanwhile.
    fn answered(&self) -> Vec<Request> {
        let found = self.ask().json();
        assert!(!found["objects"].as_array().unwrap().is_empty(), "{found}");
        self.server.log()
    }

    fn bytes(&self, name: &str) -> usize {
        fs::metadata(self.folder.path().join("small").join(name))
            .unwrap()
            .len() as usize
    }

    /// The one file of this name in the cache.
    fn cached(&self, name: &str) -> PathBuf {
        let models = self.folder.path().join("cache/askmask/models");
        let entries: Vec<PathBuf> = fs::read_dir(models)
            .unwrap()
            .map(|e| e.unwrap().path())
            .collect();
        assert_eq!(entries.len(), 1);
        entries[0].join(name)
    }
}

fn files(log: &[Request]) -> Vec<&str> {
    log.iter().map(Request::file).collect()
}

/// Requests of the weights alone.
fn weights(log: &[Request]) -> Vec<Option<usize>> {
    log.iter()
        .filter(|r| r.file() == WEIGHTS)
        .map(|r| r.start)
        .collect()
}

#[test]
fn a_model_is_fetched_once_and_answers_as_the_folder_does() {
    let case = Case::new();
    let log = case.answered();
    assert_eq!(
        files(&log),
        ["manifest.json", "config.json", "tokenizer.json", WEIGHTS]
    );
    assert_eq!(files(&case.answered()), ["manifest.json"]);
    let local = case
        .ask_at(case.folder.path().join("small").to_str().unwrap(), &[])
        .json();
    let remote = case.ask().json();
    assert_eq!(local["text"], remote["text"]);
    assert_eq!(local["objects"], remote["objects"]);
    assert!(!case.cached("").join(format!("{WEIGHTS}.part")).exists());
}

#[test]
fn the_address_of_a_folder_leads_to_its_manifest() {
    let case = Case::new();
    case.ask_at(&format!("{}/m/?key=1", case.server.address), &[])
        .json();
    let log = case.server.log();
    assert_eq!(log[0].path, "/m/manifest.json?key=1");
    assert_eq!(log[1].path, "/m/config.json");
    // A host alone is no folder.
    let line = case
        .ask_at(&case.server.address, &[])
        .refused("file")
        .to_owned();
    assert!(
        line.contains("not the address of a folder or its manifest.json"),
        "{line}"
    );
    assert!(case.server.log().is_empty());
}

#[test]
fn a_timeout_has_at_least_one_second() {
    let case = Case::new();
    let outcome = case.ask_at("http://127.0.0.1:9/m/", &["--timeout", "1"]);
    outcome.refused("network");
    let outcome = case.ask_at("http://127.0.0.1:9/m/", &["--timeout", "0"]);
    assert_eq!(outcome.code, Some(2), "{outcome:?}");
    let help = askmask(["ask", "--help"]);
    assert!(help.stdout.contains("--timeout <SECONDS>"), "{help:?}");
}

#[test]
fn hub_models_have_the_hubs_addresses() {
    let case = Case::new();
    let outcome = case.ask_at(
        "hub:owner/tiny@v1",
        &["--host", &case.server.address, "--tiles", "1"],
    );
    outcome.json();
    let log = case.server.log();
    assert_eq!(log[0].path, "/owner/tiny/resolve/v1/manifest.json");
    assert!(
        log.iter()
            .all(|r| r.path.starts_with("/owner/tiny/resolve/v1/")),
        "{log:?}"
    );
    assert_eq!(case.ask_at("hub:../tiny", &[]).code, Some(2));
}

#[test]
fn fault_24_a_broken_connection_goes_on_where_it_broke() {
    for fault in [Fault::Cut(5000), Fault::Stall(5000)] {
        let case = Case::new();
        case.server.order(WEIGHTS, &[fault, Fault::Cut(3000)]);
        let model = format!("{}/m/manifest.json", case.server.address);
        case.ask_at(&model, &["--timeout", "2"]).json();
        let log = case.server.log();
        assert_eq!(weights(&log), [None, Some(5000), Some(8000)], "{fault:?}");
        assert!(
            log.iter().all(|r| r.start.is_none() || r.tag.is_some()),
            "{log:?}"
        );
    }
}

#[test]
fn fault_24_a_second_run_asks_only_for_the_rest() {
    let case = Case::new();
    let share = case.bytes(WEIGHTS) * 6 / 10;
    case.server
        .order(WEIGHTS, &[Fault::Cut(share), Fault::Status(404)]);
    case.ask().refused("network");
    case.server.log();
    let log = case.answered();
    assert_eq!(files(&log), ["manifest.json", WEIGHTS]);
    assert_eq!(weights(&log), [Some(share)]);
}

#[test]
fn fault_24_offline_a_stored_model_answers_and_another_says_why_not() {
    let case = Case::new();
    let nowhere = "http://127.0.0.1:9/m/manifest.json";
    let line = case.ask_at(nowhere, &[]).refused("network").to_owned();
    assert!(line.contains("cannot be reached"), "{line}");
    case.answered();
    case.server.order("manifest.json", &[Fault::Cut(3); 9]);
    let outcome = case.ask();
    outcome.json();
    assert!(
        outcome.stderr.contains("the stored copy is used"),
        "{outcome:?}"
    );
}

#[test]
fn fault_25_other_answers_to_a_range_start_anew() {
    for fault in [Fault::Whole, Fault::Beyond, Fault::NewTag, Fault::OtherPart] {
        let case = Case::new();
        case.server.order(WEIGHTS, &[Fault::Cut(5000), fault]);
        let log = case.answered();
        assert_eq!(weights(&log)[..2], [None, Some(5000)], "{fault:?}");
        assert!(
            weights(&log)[2..].iter().all(Option::is_none),
            "{fault:?}: {log:?}"
        );
    }
}

#[test]
fn fault_26_a_wrong_byte_costs_that_file_alone() {
    for fault in [Fault::Flip, Fault::Zero] {
        let case = Case::new();
        case.server.order(WEIGHTS, &[fault]);
        let log = case.answered();
        assert_eq!(
            files(&log),
            [
                "manifest.json",
                "config.json",
                "tokenizer.json",
                WEIGHTS,
                WEIGHTS
            ]
        );
    }
    let case = Case::new();
    case.answered();
    let path = case.cached("tokenizer.json");
    let mut bytes = fs::read(&path).unwrap();
    bytes[9] ^= 1;
    fs::write(&path, bytes).unwrap();
    assert_eq!(files(&case.answered()), ["manifest.json", "tokenizer.json"]);
}

#[test]
fn fault_26_bytes_that_stay_wrong_are_refused_by_name() {
    let case = Case::new();
    case.server.order(WEIGHTS, &[Fault::Flip; 4]);
    assert!(case.ask().refused("integrity").contains(WEIGHTS));
    case.server.order(WEIGHTS, &[Fault::Longer; 4]);
    assert!(case.ask().refused("network").contains("more than"));
    assert!(!case.cached(WEIGHTS).exists());
}

#[test]
fn fault_27_each_refusal_has_its_cause_and_a_stored_model_still_works() {
    let case = Case::new();
    let causes = [
        (401, "login"),
        (403, "forbids"),
        (404, "no such file"),
        (429, "too many requests"),
        (503, "fault of its own"),
    ];
    for (status, cause) in causes {
        // Of the configuration too, without which it is no raw repository either.
        for file in ["manifest.json", "config.json"] {
            case.server.order(file, &[Fault::Status(status); 4]);
        }
        let outcome = case.ask();
        let line = outcome.refused("network");
        assert!(
            line.contains(cause) && line.contains(&status.to_string()),
            "{line}"
        );
        let tries = case.server.log().len();
        assert_eq!(tries, if status > 404 { 4 } else { 2 }, "{status}");
    }
    for honest in [true, false] {
        for file in ["manifest.json", "config.json"] {
            case.server.order(file, &[Fault::Page { honest }]);
        }
        assert!(case.ask().refused("network").contains("a web page came"));
    }
    case.server.order("config.json", &[]);
    let page = [Fault::Page { honest: false }];
    case.server.order("weights-00001.safetensors", &page);
    let outcome = case.ask();
    assert!(
        outcome
            .refused("network")
            .contains("what came is a web page")
    );
    case.answered();
    for fault in [
        Fault::Status(503),
        Fault::Status(403),
        Fault::Page { honest: true },
    ] {
        case.server.order("manifest.json", &[fault; 4]);
        assert_eq!(
            case.answered().len(),
            if matches!(fault, Fault::Status(503)) {
                4
            } else {
                1
            }
        );
    }
}
