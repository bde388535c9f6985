//! The embedded model on scenes that it never saw.

use std::path::Path;

use askmask_core::DeviceKind;
use askmask_core::pipeline::{Model, ModelFiles};
use askmask_core::weights::{Folder, TensorSource};
use askmask_tests::scenes::{Quiet, score_direct};

fn nano() -> Model {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/nano");
    let read = |name: &str| std::fs::read(folder.join(name)).expect(name);
    let weights = Folder::open(&folder).expect("nano's weights are sound");
    let files = ModelFiles {
        config: String::from_utf8(read("config.json")).expect("config.json is text"),
        tokenizer: read("tokenizer.json"),
        weights: Box::new(weights) as Box<dyn TensorSource>,
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
