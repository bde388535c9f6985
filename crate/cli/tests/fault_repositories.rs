//! Repositories that cannot be converted: what is wrong is named before anything is downloaded, as
//! far as headers tell it, and nothing that could be taken for a model is left.

use std::fs;

use serde_json::json;

use crate::support::ModelCopy;
use crate::support::raw::{COMMIT, Case, SINGLE, names, starts};
use crate::support::server::Fault;

const HEAD: &str = "language_model.lm_head.weight";
const EMBEDDING: &str = "language_model.model.embed_tokens.weight";

/// The refusal of a model before its weights are read.
fn refused_at_once(case: &Case, code: &str, words: &[&str]) {
    let outcome = case.ask(&[]);
    let line = outcome.refused(code);
    for word in words {
        assert!(line.contains(word), "{word}: {line}");
    }
    let log = case.server.log();
    let weights = log.iter().filter(|r| r.file().ends_with(".safetensors"));
    assert!(weights.into_iter().all(|r| r.last.is_some()), "{log:?}");
    assert!(!case.cached("manifest.json").exists());
}

fn sharded() -> Case {
    let case = Case::new();
    case.model.shard(2);
    case
}

#[test]
fn fault_07_a_truncated_shard_is_named() {
    let case = sharded();
    let shard = case.model.path().join("model-00002-of-00002.safetensors");
    let bytes = fs::read(&shard).expect("a shard");
    fs::write(&shard, &bytes[..bytes.len() - 1]).expect("writable");
    refused_at_once(&case, "integrity", &["model-00002", "truncated"]);
    fs::write(&shard, &bytes[..20]).expect("writable");
    refused_at_once(&case, "integrity", &["model-00002", "inside its header"]);
    fs::write(&shard, b"").expect("writable");
    refused_at_once(&case, "integrity", &["model-00002", "too few"]);
    fs::remove_file(&shard).expect("removable");
    refused_at_once(&case, "network", &["model-00002", "no such file"]);
}

#[test]
fn fault_12_a_tensor_that_no_shard_holds_is_named() {
    let case = sharded();
    let path = case.model.path().join("model.safetensors.index.json");
    let index = fs::read(&path).expect("an index");
    let mut index: serde_json::Value = serde_json::from_slice(&index).expect("JSON");
    index["weight_map"]["of.nobody"] = json!("model-00001-of-00002.safetensors");
    fs::write(&path, index.to_string()).expect("writable");
    refused_at_once(&case, "weights-mismatch", &["1 missing: of.nobody"]);
    let case = Case::new();
    case.model.rewrite(|tensors| {
        tensors.remove(HEAD);
    });
    refused_at_once(&case, "weights-mismatch", &[HEAD]);
}

#[test]
fn fault_08_numbers_that_are_not_finite_are_named_by_their_tensor() {
    let case = Case::new();
    case.model.edit(|tensors, data| {
        let start = tensors[HEAD]["data_offsets"][0]
            .as_u64()
            .expect("an offset") as usize;
        data[start..start + 2].copy_from_slice(&[0xc0, 0x7f]);
    });
    let outcome = case.ask(&[]);
    assert_eq!(outcome.fault(), "integrity");
    let line = outcome.stderr.lines().last().unwrap_or_default();
    assert!(line.contains(HEAD), "{line}");
    assert!(!case.cached("manifest.json").exists());
}

#[test]
fn a_repository_without_weights_that_are_read_says_so() {
    let case = Case::new();
    case.model.remove(SINGLE).write("pytorch_model.bin", "");
    let words = ["neither model.safetensors nor", "pickled", "status 404"];
    refused_at_once(&case, "unsupported-model", &words);
    let case = Case::new();
    case.model.write("adapter_config.json", "{}");
    refused_at_once(&case, "unsupported-model", &["adapter_config.json"]);
    let case = Case::new();
    case.model
        .write(SINGLE, "version https://git-lfs.github.com/spec/v1\n");
    refused_at_once(&case, "integrity", &[SINGLE, "git lfs pull"]);
    let case = Case::new();
    case.model
        .configure(|config| config["llm_config"]["hidden_act"] = json!("relu"));
    refused_at_once(&case, "unsupported-model", &["hidden_act", "relu"]);
}

#[test]
fn fault_27_a_hub_says_itself_why_it_refuses() {
    let gated = "Access to model owner/tiny is restricted. Please log in.";
    for (status, code, message) in [
        (401, "GatedRepo", gated),
        (404, "RepoNotFound", "Repository not found"),
        (404, "RevisionNotFound", "Invalid rev id: main"),
        (403, "", "no"),
    ] {
        let case = Case::new();
        for file in ["manifest.json", "config.json"] {
            case.server
                .order(file, &[Fault::Refusal(status, code, message)]);
        }
        let status = format!("status {status}");
        refused_at_once(&case, "network", &["manifest.json", &status, code, message]);
    }
}

#[test]
fn fault_27_what_stands_in_for_a_manifest_does_not_hide_a_raw_repository() {
    for fault in [
        Fault::Status(401),
        Fault::Status(403),
        Fault::Status(410),
        Fault::Refusal(404, "EntryNotFound", "Entry not found"),
        Fault::Page { honest: true },
        Fault::Page { honest: false },
    ] {
        let case = Case::new();
        case.model.write("manifest.json", "{}");
        case.server.order("manifest.json", &[fault; 2]);
        case.ask(&[]).json();
        case.model.remove("manifest.json");
        case.converted(&[]);
    }
}

#[test]
fn fault_27_addresses_that_lead_in_a_circle_are_left() {
    for file in ["manifest.json", "config.json", SINGLE] {
        let case = Case::new();
        case.server.order(file, &[Fault::Redirect; 40]);
        refused_at_once(&case, "network", &[file, "without end"]);
    }
}

#[test]
fn a_head_saved_beside_a_tied_embedding_has_to_be_equal_to_it() {
    for equal in [true, false] {
        let model = ModelCopy::new();
        model.configure(|config| config["llm_config"]["tie_word_embeddings"] = json!(true));
        model.write("README.md", "---\nlicense: mit\n---\n");
        model.rewrite(|tensors| {
            let mut copy = tensors[EMBEDDING].clone();
            copy.bytes[0] ^= u8::from(!equal);
            tensors.insert(HEAD.to_owned(), copy);
        });
        let case = Case::of(model);
        let outcome = case.ask(&[]);
        if equal {
            outcome.json();
            case.assert_as_by_hand("tiny", &format!("owner/tiny@{COMMIT}"), "mit");
            continue;
        }
        assert_eq!(outcome.fault(), "unsupported-model");
        let line = outcome.stderr.lines().last().unwrap_or_default();
        assert!(
            line.contains(HEAD) && line.contains("tie_word_embeddings"),
            "{line}"
        );
        let log = case.server.log();
        assert!(starts(&log, SINGLE).len() <= 2, "{:?}", names(&log));
    }
}
