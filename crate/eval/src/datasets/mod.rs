//! Data sets: pictures, questions and what is true of them.
//!
//! A reader never stops at what is wrong with one file or entry: it leaves it out and says so.

pub mod problem;

mod coco;
mod pickle;
mod reason_seg;
mod refer;
mod scenes;
mod truth;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Component, Path, PathBuf};

use crate::file;
use crate::measures::Convention;

pub use problem::{Fault, Problem};
pub use truth::Target;

/// How the data is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Scenes,
    Reasonseg,
    Refcoco,
    Grefcoco,
}

impl Format {
    pub const ALL: [Self; 4] = [Self::Scenes, Self::Reasonseg, Self::Refcoco, Self::Grefcoco];

    /// What lies where, in one line.
    pub fn layout(self) -> &'static str {
        match self {
            Self::Scenes => "askmask-scenes: questions.jsonl and PNG pictures",
            Self::Reasonseg => "ReasonSeg: one JSON beside each picture, in train, val and test",
            Self::Refcoco => "RefCOCO, RefCOCO+ and RefCOCOg: refs(…).p and instances.json",
            Self::Grefcoco => "gRefCOCO: grefs(…).json and instances.json",
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Scenes => "scenes",
            Self::Reasonseg => "reasonseg",
            Self::Refcoco => "refcoco",
            Self::Grefcoco => "grefcoco",
        }
    }

    pub fn convention(self) -> Convention {
        match self {
            Self::Scenes => Convention::Scenes,
            Self::Reasonseg | Self::Refcoco => Convention::ReasonSeg,
            Self::Grefcoco => Convention::GRefCoco,
        }
    }
}

/// Most questions of one data set.
const MAX_QUESTIONS: usize = 2_000_000;

/// Everything that could be read.
#[derive(Debug, Default)]
pub struct Dataset {
    /// In order, each with all its questions.
    pub pictures: Vec<Picture>,
    pub faults: Vec<Fault>,
    /// The files with questions and masks, in the order read.
    pub files: Vec<PathBuf>,
    /// Every split that there is.
    splits: BTreeSet<String>,
}

/// One picture and what is asked about it.
#[derive(Debug)]
pub struct Picture {
    /// As it is shown, unique.
    pub name: String,
    pub path: PathBuf,
    pub questions: Vec<Question>,
}

/// One question with its truth.
#[derive(Debug)]
pub struct Question {
    /// Unique.
    pub id: String,
    pub split: String,
    pub family: String,
    /// What the model is asked.
    pub text: String,
    pub target: Target,
}

/// Reads the data set at `path`, which is a folder or, for RefCOCO, the file of references.
/// `pictures` is where its pictures are, if elsewhere.
///
/// Only the chosen questions are kept, and only they are checked where that takes long.
pub fn read(
    format: Format,
    path: &Path,
    pictures: Option<&Path>,
    selection: &Selection,
) -> Result<Dataset, Problem> {
    let mut data = match format {
        Format::Scenes => scenes::read(path, pictures.unwrap_or(path))?,
        Format::Reasonseg => reason_seg::read(path, pictures, selection)?,
        Format::Refcoco => refer::read(path, pictures, refer::Kind::Single, selection)?,
        Format::Grefcoco => refer::read(path, pictures, refer::Kind::General, selection)?,
    };
    data.drop_repeated();
    data.select(selection)?;
    data.remark();
    Ok(data)
}

/// Which questions are asked.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// All but training when empty.
    pub splits: Vec<String>,
    /// All when empty.
    pub families: Vec<String>,
    /// At most so many of each split and family.
    pub limit: Option<usize>,
}

impl Selection {
    /// Whether a split is asked about.
    fn has_split(&self, split: &str) -> bool {
        match self.splits.as_slice() {
            [] => split != "train",
            splits => splits.iter().any(|other| other == split),
        }
    }

    fn has_family(&self, family: &str) -> bool {
        self.families.is_empty() || self.families.iter().any(|other| other == family)
    }
}

impl Dataset {
    pub fn questions(&self) -> impl Iterator<Item = &Question> {
        self.pictures.iter().flat_map(|picture| &picture.questions)
    }

    /// Adds a question to the last picture if it is `name`, or to a new one.
    fn push(&mut self, name: &str, path: impl FnOnce() -> PathBuf, question: Question) {
        match self.pictures.last_mut() {
            Some(last) if last.name == name => last.questions.push(question),
            _ => self.pictures.push(Picture {
                name: name.to_owned(),
                path: path(),
                questions: vec![question],
            }),
        }
    }

    /// Answers are kept by the question's name, so that there must be only one of each.
    fn drop_repeated(&mut self) {
        let mut seen = HashSet::new();
        for picture in &mut self.pictures {
            picture.questions.retain(|question| {
                let new = seen.insert(question.id.clone());
                if !new {
                    let problem = Problem::new("repeated-question", "there is one of that name");
                    self.faults.push(problem.at(&question.id, 1));
                }
                new
            });
        }
    }

    /// Keeps the chosen questions.
    fn select(&mut self, selection: &Selection) -> Result<(), Problem> {
        self.splits = self
            .questions()
            .map(|q| q.split.clone())
            .collect::<BTreeSet<_>>()
            .union(&self.splits)
            .cloned()
            .collect();
        check_known("split", &selection.splits, &self.splits)?;
        for picture in &mut self.pictures {
            let questions = &mut picture.questions;
            questions.retain(|question| selection.has_split(&question.split));
        }
        let families = self.questions().map(|q| q.family.clone()).collect();
        check_known("family", &selection.families, &families)?;
        let mut counts = BTreeMap::new();
        for picture in &mut self.pictures {
            picture.questions.retain(|question| {
                if !selection.has_family(&question.family) {
                    return false;
                }
                let key = (question.split.clone(), question.family.clone());
                let count = counts.entry(key).or_insert(0);
                *count += 1;
                selection.limit.is_none_or(|limit| *count <= limit)
            });
        }
        self.pictures
            .retain(|picture| !picture.questions.is_empty());
        Ok(())
    }

    /// Says what is odd about questions that are asked all the same.
    fn remark(&mut self) {
        for picture in &self.pictures {
            let crossing = |question: &Question| question.target.crosses_itself();
            if picture.questions.iter().any(crossing) {
                let reason = "a polygon crosses itself; drawn as the data set's own code does";
                let remark = Problem::new("self-crossing", reason);
                self.faults.push(remark.at(&picture.name, 0));
            }
        }
    }
}

/// Refuses names that do not occur, with those that do.
fn check_known(what: &str, wanted: &[String], known: &BTreeSet<String>) -> Result<(), Problem> {
    let Some(name) = wanted.iter().find(|name| !known.contains(*name)) else {
        return Ok(());
    };
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    Err(Problem::new(
        "unknown-name",
        format!("there is no {what} {name:?}, but {}", known.join(", ")),
    ))
}

/// `name` below `folder`, if it does not lead out of it.
fn inside(folder: &Path, name: &str) -> Result<PathBuf, Problem> {
    let plain = |part: Component| matches!(part, Component::Normal(_));
    if name.is_empty() || name.contains('\0') || !Path::new(name).components().all(plain) {
        return Err(Problem::new(
            "outside-folder",
            format!("the picture {name:?} is not a file below the data's folder"),
        ));
    }
    Ok(folder.join(name))
}

/// The bytes of a file with questions or masks.
fn bytes(path: &Path) -> Result<Vec<u8>, Problem> {
    file::bytes(path).map_err(|reason| Problem::new("unreadable-file", reason))
}
