//! askmask-scenes, as `models/recipe/benchmark.py` writes it: one question a line.

use std::path::Path;

use askmask_core::ImageSize;
use askmask_core::language::tokenizer::validate_question;
use askmask_core::mask::rle::Rle;
use serde::Deserialize;

use super::dataset::{MAX_QUESTIONS, inside};
use super::target::{Form, Scene, Stated};
use super::{Dataset, Problem, Question, Target, json};
use crate::file;
use crate::measures::Relation;

const QUESTIONS: &str = "questions.jsonl";

#[derive(Deserialize)]
struct Line {
    id: String,
    picture: String,
    split: String,
    family: String,
    question: String,
    size: [usize; 2],
    targets: Vec<Named>,
    constraints: Vec<Demand>,
    answer: String,
}

#[derive(Deserialize)]
struct Named {
    name: String,
    mask: Rle,
}

#[derive(Deserialize)]
struct Demand {
    relation: String,
    anchor: Option<Rle>,
    among: Vec<Rle>,
}

pub fn read(folder: &Path, pictures: &Path) -> Result<Dataset, Problem> {
    let path = folder.join(QUESTIONS);
    let bytes = file::read(&path)?;
    let mut data = Dataset {
        files: vec![path],
        ..Dataset::default()
    };
    let lines = bytes.split(|&byte| byte == b'\n').enumerate();
    for (number, line) in lines.filter(|(_, line)| !line.trim_ascii().is_empty()) {
        if number >= MAX_QUESTIONS {
            let problem = Problem::new("too-many", format!("more than {MAX_QUESTIONS} questions"));
            data.faults.push(problem.at(QUESTIONS, 1));
            break;
        }
        match question(line).and_then(|(picture, q)| Ok((inside(pictures, &picture)?, picture, q)))
        {
            Ok((path, picture, question)) => data.push(&picture, || path, question),
            Err(problem) => {
                let place = format!("{QUESTIONS}:{}", number + 1);
                data.faults.push(problem.at(place, 1));
            }
        }
    }
    Ok(data)
}

/// The picture's name and the question.
fn question(line: &[u8]) -> Result<(String, Question), Problem> {
    let text = std::str::from_utf8(line)
        .map_err(|cause| Problem::new("wrong-encoding", format!("not UTF-8: {cause}")))?;
    let line: Line = json::parse(text.as_bytes())?;
    validate_question(&line.question)?;
    let [height, width] = line.size;
    let size = ImageSize { height, width };
    let mut constraints = Vec::with_capacity(line.constraints.len());
    for stated in line.constraints {
        let Some(relation) = Relation::parse(&stated.relation) else {
            return Err(Problem::new(
                "unknown-label",
                format!("the relation {:?}", stated.relation),
            ));
        };
        constraints.push(Stated {
            relation,
            anchor: stated.anchor,
            among: stated.among,
        });
    }
    let (names, masks): (Vec<_>, Vec<_>) =
        line.targets.into_iter().map(|t| (t.name, t.mask)).unzip();
    let all = constraints
        .iter()
        .flat_map(|c| c.among.iter().chain(&c.anchor))
        .chain(&masks);
    for mask in all {
        if mask.size() != size {
            return Err(Problem::new("wrong-size", "a mask of another size"));
        }
    }
    if masks.iter().any(|mask| mask.area() == 0) {
        return Err(Problem::new("empty-mask", "a target without pixels"));
    }
    let scene = Scene {
        names,
        masks,
        answer: line.answer,
        constraints,
    };
    let question = Question {
        id: line.id,
        split: line.split,
        family: line.family,
        text: line.question,
        target: Target(Form::Scene(Box::new(scene))),
    };
    Ok((line.picture, question))
}
