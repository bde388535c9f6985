//! The embedded model on scenes that it never saw.

use std::path::Path;

use askmask_core::DeviceKind;
use askmask_core::pipeline::{Model, ModelFiles};
use askmask_core::weights::{Files, Manifest, Stored};
use askmask_tests::scenes::{Quiet, score_direct};

fn nano() -> Model {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/nano");
    let manifest = std::fs::read_to_string(folder.join("manifest.json")).expect("manifest.json");
    let manifest = Manifest::parse(&manifest).expect("nano's manifest is sound");
    let stored = Stored::new(manifest, Box::new(Files::new(folder)));
    stored.check_hashes().expect("nano's files are sound");
    let read = |name: &str| stored.read_file(name).expect(name);
    let files = ModelFiles {
        config: String::from_utf8(read("config.json")).expect("config.json is text"),
        tokenizer: read("tokenizer.json"),
        weights: Box::new(stored),
    };
    pollster::block_on(Model::load(files, DeviceKind::Cpu, &Quiet)).expect("nano loads")
}

#[test]
fn direct_questions_about_unseen_scenes() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/scenes");
    let score = score_direct(&nano(), &folder);
    println!("nano, direct questions: {score:?}");
    assert!(score.questions >= 20, "{score:?}");
    assert!(score.sighted >= 0.35, "{score:?}");
    assert!(
        score.blind <= score.sighted - 0.2,
        "the answer does not come from the picture: {score:?}"
    );
}

#[test]
fn nano_stays_small() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/nano");
    let files = std::fs::read_dir(folder).expect("models/nano is there");
    let bytes: u64 = files
        .map(|f| f.expect("readable").metadata().expect("readable").len())
        .sum();
    assert!(bytes <= 12_000_000, "{bytes} bytes");
}
