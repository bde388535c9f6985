//! `askmask eval` with models of folders, servers and hubs.

use super::{eval_with, json_file, scenes, two_questions};
use crate::support::server::Server;
use crate::support::{ModelCopy, askmask_with_cache, quantize, tiny};
use serde_json::json;
use tempfile::TempDir;

#[test]
fn a_model_from_a_server_is_measured_as_its_folder_is() {
    let (data, out) = (scenes(&two_questions()), TempDir::new().unwrap());
    let small = out.path().join("small");
    assert_eq!(quantize(&tiny(), &small, &[]).code, Some(0));
    let server = Server::new(&small);
    let eval = |model: &str, into: &str, more: &[&str]| {
        let into = out.path().join(into);
        let paths = [data.path(), &into].map(|path| path.to_str().unwrap());
        let words = ["eval", "--data", paths[0], "--out", paths[1]];
        let words = words.into_iter().chain(["--model", model]);
        askmask_with_cache(&out.path().join("cache"), words.chain(more.iter().copied()))
    };
    let results = |model: &str, into: &str, more: &[&str]| {
        let outcome = eval(model, into, more);
        assert_eq!(outcome.code, Some(0), "{outcome:?}");
        json_file(&out.path().join(into).join("results.json"))
    };
    let local = results(small.to_str().unwrap(), "local", &["--low-memory"]);
    assert!(server.log().is_empty());
    let folder = format!("{}/m", server.address);
    let hub = ["--host", &server.address, "--timeout", "9"];
    let url = format!("{folder}/manifest.json?key=secret");
    for (model, more, name) in [
        (folder.as_str(), &[][..], folder.as_str()),
        (&url, &[], &folder),
        ("hub:owner/tiny@v1", &hub, "hub:owner/tiny@v1"),
    ] {
        let remote = results(model, &format!("remote {}", name.len()), more);
        assert_eq!(remote["groups"], local["groups"], "{model}");
        let [ours, theirs] = [&local, &remote].map(|r| &r["provenance"]["model"]);
        assert_eq!(ours["sha256"], theirs["sha256"], "{model}");
        assert_eq!(
            (&ours["name"], &theirs["name"]),
            (&json!("small"), &json!(name))
        );
        assert!(!server.log().is_empty(), "{model}");
    }
    // One that is converted on its way is the same model.
    let raw = Server::new(&tiny());
    let remote = results(&format!("{}/raw", raw.address), "raw", &[]);
    assert_eq!(remote["groups"], local["groups"]);
    let [ours, theirs] = [&local, &remote].map(|r| &r["provenance"]["model"]["sha256"]);
    assert_eq!(ours, theirs);
    let outcome = eval(&folder, "local", &["--tiles", "1"]);
    assert!(
        outcome.refused("file").contains("a setting changed"),
        "{outcome:?}"
    );
    // Where it was downloaded from makes no difference.
    assert_eq!(eval(&folder, "local", &[]).code, Some(0));
}

#[test]
fn models_with_missing_weights_are_not_measured() {
    let (data, out) = (scenes(&two_questions()), TempDir::new().unwrap());
    let model = ModelCopy::new();
    model.edit(|tensors, _| {
        let name = tensors.keys().next().unwrap().clone();
        let tensor = tensors.remove(&name).unwrap();
        tensors.insert(format!("foreign.{name}"), tensor);
    });
    let outcome = eval_with(model.path(), data.path(), out.path(), &[]);
    let line = outcome.refused("weights-mismatch");
    assert!(
        line.contains("1 missing") && line.contains("1 unused"),
        "{line}"
    );
    assert!(!out.path().join("results.json").exists());
}
