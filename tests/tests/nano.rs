//! The embedded model on scenes that it never saw.

use std::collections::BTreeSet;
use std::path::Path;

use askmask_core::DeviceKind;
use askmask_core::QuietHost;
use askmask_core::pipeline::{AskOptions, FAMILIES, Model, ModelFiles};
use askmask_core::weights::{Files, Manifest, Stored};
use askmask_tests::scenes::{Question, picture, questions, score};
use serde::Deserialize;

fn nano() -> Model {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/nano");
    let manifest = std::fs::read_to_string(folder.join("manifest.json")).expect("manifest.json");
    let manifest = Manifest::parse(&manifest, FAMILIES).expect("nano's manifest is sound");
    let stored = Stored::new(manifest, Box::new(Files::new(folder)));
    stored.check_hashes().expect("nano's files are sound");
    let files = ModelFiles::from_stored(stored).expect("nano's files are readable");
    pollster::block_on(Model::load(files, DeviceKind::Cpu, &QuietHost)).expect("nano loads")
}

/// Figures that a retrained nano has to reach; its card has the measured ones.
#[test]
fn unseen_scenes_are_looked_at() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/scenes");
    let model = nano();
    // Nothing is on a grey picture, so a "no" is right there, and only there, without looking.
    let least = [
        ("direct", 0.8, 0.75),
        ("function", 0.88, 0.85),
        ("presence", 0.85, 0.35),
        ("false-premise", 0.9, -0.1),
        ("own-words", 0.75, 0.7),
        ("own-words-absent", 0.7, -0.3),
        ("own-words-outside", 0.6, -0.4),
    ];
    for (family, sighted, gain) in least {
        let score = score(&model, &folder, family);
        println!("nano, {family}: {score:?}");
        assert!(score.questions >= 20, "{family}: {score:?}");
        assert!(score.sighted >= sighted, "{family}: {score:?}");
        assert!(score.sighted - score.blind >= gain, "{family}: {score:?}");
    }
}

/// The questions that the page suggests. They were chosen before nano was asked, and none was
/// exchanged; its card says how many it gets right.
#[test]
fn most_of_the_samples_questions_are_answered_rightly() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let samples = root.join("web/public/samples");
    let listed = std::fs::read_to_string(samples.join("samples.json")).expect("samples.json");
    let listed: Vec<Sample> = serde_json::from_str(&listed).expect("samples.json is sound");
    let asked = questions(&root.join("tests/fixtures/samples"));
    let model = nano();
    let (mut asked_in_all, mut wrong) = (0, Vec::new());
    for Sample { file, questions } in &listed {
        let asked: Vec<&Question> = asked.iter().filter(|q| q.picture == *file).collect();
        let texts: Vec<&str> = asked.iter().map(|q| q.question.as_str()).collect();
        assert_eq!(texts, *questions, "{file}");
        let families: BTreeSet<&str> = asked.iter().map(|q| q.family.as_str()).collect();
        assert_eq!(families.len(), texts.len(), "{file}: {families:?}");
        assert!(families.contains("false-premise"), "{file}: {families:?}");
        for question in asked {
            let right = question.ask(&model, picture(&samples.join(file)));
            println!("{right:.2} {file}: {}", question.question);
            asked_in_all += 1;
            if right < 0.5 {
                wrong.push((file, &question.question, right));
            }
        }
    }
    assert_eq!(asked_in_all, 36);
    assert!(wrong.len() <= MOST_WRONG, "{wrong:#?}");
}

/// The rocket was the answer to the second one.
#[test]
fn answers_do_not_depend_on_how_a_question_is_typed() {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../web/public/samples");
    let model = nano();
    pollster::block_on(async {
        let image = picture(&samples.join("kitchen.webp"));
        let kitchen = model.set_image(image, &QuietHost).await.expect("fits");
        let ask = async |question: &str| {
            let options = AskOptions::default();
            let answer = kitchen.ask(question, &options, &QuietHost).await;
            let answer = answer.expect(question);
            let masks = answer.objects.into_iter().map(|object| object.mask);
            (answer.text, masks.collect::<Vec<_>>())
        };
        let usual = ask("Where is the cheese?").await;
        assert_eq!(usual.1.len(), 1, "{}", usual.0);
        for typed in [
            "WHERE IS THE CHEESE?",
            "where is the cheese",
            "Where Is The Cheese ?  ",
            "Where is the cheese??",
            "“Where is the cheese?”",
            "Where\u{a0}is the\u{200b}\n chee\u{ad}se?",
            "Ｗｈｅｒｅ ｉｓ ｔｈｅ ｃｈｅｅｓｅ？",
        ] {
            let (text, masks) = ask(typed).await;
            assert_eq!(text, usual.0, "{typed}");
            let overlap = masks[0].iou(&usual.1[0]).expect("same size");
            assert_eq!((masks.len(), overlap), (1, 1.0), "{typed}");
        }
    });
}

/// Of the samples' questions.
const MOST_WRONG: usize = 4;

#[derive(Deserialize)]
struct Sample {
    file: String,
    questions: Vec<String>,
}

#[test]
fn nano_stays_small() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/nano");
    let files = std::fs::read_dir(folder).expect("models/nano is there");
    let bytes: u64 = files
        .map(|f| f.expect("readable").metadata().expect("readable").len())
        .sum();
    assert!(bytes <= 14_000_000, "{bytes} bytes");
}
