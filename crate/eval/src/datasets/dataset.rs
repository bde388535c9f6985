//! What was read of a data set.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ffi::OsStr;
use std::fs;
use std::path::{Component, Path, PathBuf};

use askmask_core::language::unicode::nfc;

use super::selection::check_known;
use super::{Fault, Problem, Selection, Target};

/// Most questions of one data set.
pub(super) const MAX_QUESTIONS: usize = 2_000_000;

/// Everything that could be read, and what could not.
#[derive(Debug, Default)]
pub struct Dataset {
    /// In order, each with all its questions.
    pub pictures: Vec<Picture>,
    /// What is left out or odd, in the order found.
    pub faults: Vec<Fault>,
    /// The files with questions and masks, in the order read.
    pub files: Vec<PathBuf>,
    /// Every split that there is.
    pub(super) splits: BTreeSet<String>,
}

/// One picture and what is asked about it.
#[derive(Debug)]
pub struct Picture {
    /// As it is shown, unique.
    pub name: String,
    /// The file, which may be missing.
    pub path: PathBuf,
    /// At least one.
    pub questions: Vec<Question>,
}

/// One question with its truth.
#[derive(Debug)]
pub struct Question {
    /// Unique in the data set.
    pub id: String,
    /// Such as `val`.
    pub split: String,
    /// Kind of question, such as `no target`.
    pub family: String,
    /// What the model is asked: the data set's words in its prompt.
    pub text: String,
    /// What should be found.
    pub target: Target,
}

impl Dataset {
    /// All questions, picture by picture.
    pub fn questions(&self) -> impl Iterator<Item = &Question> {
        self.pictures.iter().flat_map(|picture| &picture.questions)
    }

    /// Adds a question to the last picture if it is `name`, or to a new one.
    pub(super) fn push(&mut self, name: &str, path: impl FnOnce() -> PathBuf, question: Question) {
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
    pub(super) fn drop_repeated(&mut self) {
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
    pub(super) fn select(&mut self, selection: &Selection) -> Result<(), Problem> {
        let splits: Vec<String> = self.questions().map(|q| q.split.clone()).collect();
        self.splits.extend(splits);
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
    pub(super) fn remark(&mut self) {
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

/// `name` below `folder`, if it does not lead out of it.
pub(super) fn inside(folder: &Path, name: &str) -> Result<PathBuf, Problem> {
    let plain = |part: Component| matches!(part, Component::Normal(_));
    if name.is_empty() || name.contains('\0') || !Path::new(name).components().all(plain) {
        return Err(Problem::new(
            "outside-folder",
            format!("the picture {name:?} is not a file below the data's folder"),
        ));
    }
    Ok(folder.join(name))
}

/// Whether two names of files differ at most in the form of Unicode in which they are written.
pub(super) fn same_name(a: &OsStr, b: &OsStr) -> bool {
    match (a.to_str(), b.to_str()) {
        // Plain letters have one form.
        (Some(a), Some(b)) if !a.is_ascii() && !b.is_ascii() => nfc(a) == nfc(b),
        _ => a == b,
    }
}

/// The file itself, or the only one beside it of the same name in another form of Unicode.
pub(super) fn on_disk(path: PathBuf) -> Option<PathBuf> {
    if path.is_file() {
        return Some(path);
    }
    let (folder, name) = (path.parent()?, path.file_name()?);
    let entries = fs::read_dir(folder).ok().filter(|_| !name.is_ascii())?;
    let names = entries.flatten().map(|entry| entry.file_name());
    let mut same = names.filter(|other| same_name(other, name));
    let only = same.next().filter(|_| same.next().is_none())?;
    Some(folder.join(only)).filter(|path| path.is_file())
}
