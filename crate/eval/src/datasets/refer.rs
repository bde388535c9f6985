//! RefCOCO, RefCOCO+, RefCOCOg and gRefCOCO: references to objects of COCO.
//!
//! Every sentence is a question of its own. Source: [`refer.py`][refer] of the data sets' authors
//! and [`grefer.py`][grefer] of ReLA, by those of gRefCOCO.
//!
//! [refer]: https://github.com/lichengunc/refer/blob/master/refer.py
//! [grefer]: https://github.com/henghuiding/ReLA/blob/main/gres_model/data/datasets/grefer.py

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use askmask_core::language::tokenizer::validate_question;
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::coco::{Annotation, INSTANCES, Image, Instances};
use super::dataset::{MAX_QUESTIONS, inside, on_disk};
use super::pickle::Pickle;
use super::problem::shown;
use super::target::Form;
use super::{Dataset, Problem, Question, Selection, Target, json};
use crate::file;

/// Where pictures of COCO usually lie, from the folder of references.
const PICTURES: [&str; 5] = [
    "",
    "images",
    "train2014",
    "images/train2014",
    "../images/mscoco/images/train2014",
];

/// One object for each sentence, or any number of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Single,
    General,
}

impl Kind {
    fn names(self) -> &'static [&'static str] {
        match self {
            Self::Single => &["refs(unc).p", "refs(umd).p", "refs(google).p"],
            Self::General => &["grefs(unc).json", "grefs(unc).p"],
        }
    }
}

#[derive(Deserialize)]
struct Reference {
    #[serde(deserialize_with = "json::read_whole")]
    ref_id: i64,
    #[serde(deserialize_with = "json::read_whole")]
    image_id: i64,
    #[serde(deserialize_with = "ids")]
    ann_id: Vec<i64>,
    split: String,
    sentences: Vec<Value>,
}

#[derive(Deserialize)]
struct Sentence {
    #[serde(deserialize_with = "json::read_whole")]
    sent_id: i64,
    sent: String,
}

/// One number or several, without the −1 that stands for none.
fn ids<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<i64>, D::Error> {
    let value = Value::deserialize(from)?;
    let all = value
        .as_array()
        .map_or(std::slice::from_ref(&value), Vec::as_slice);
    let mut ids = Vec::with_capacity(all.len());
    for id in all {
        let wrong = || D::Error::custom(format!("the ann_id {id} is no whole number"));
        ids.push(json::whole(id).ok_or_else(wrong)?);
    }
    ids.retain(|&id| id != -1);
    Ok(ids)
}

/// Reads the folder, or the one file of references, `path`.
pub fn read(
    path: &Path,
    pictures: Option<&Path>,
    kind: Kind,
    selection: &Selection,
) -> Result<Dataset, Problem> {
    let references = find(path, kind)?;
    let folder = references.parent().unwrap_or(Path::new("")).to_owned();
    let mut data = Dataset {
        files: vec![references.clone(), folder.join(INSTANCES)],
        ..Dataset::default()
    };
    let mut list = list(&references, &folder, &mut data)?;
    data.splits = list.iter().map(|r| r.split.clone()).collect();
    list.retain(|reference| selection.has_split(&reference.split));
    let wanted: HashSet<i64> = list.iter().flat_map(|r| r.ann_id.iter().copied()).collect();
    let instances = Instances::read(&folder.join(INSTANCES), &wanted)
        .map_err(|p| Problem::new(p.code, format!("{INSTANCES}: {}", p.reason)))?;
    let reader = Reader {
        kind,
        instances,
        folders: match pictures {
            Some(pictures) => vec![pictures.to_owned()],
            None => PICTURES.iter().map(|name| folder.join(name)).collect(),
        },
        name: shown(&references, &folder),
    };
    // A picture is encoded once for all of its questions.
    list.sort_by_key(|reference| (reference.split.clone(), reference.image_id));
    for reference in list {
        if let Err(problem) = reader.add(&mut data, &reference) {
            let place = format!("{} ref {}", reader.name, reference.ref_id);
            data.faults
                .push(problem.at(place, reference.sentences.len()));
        }
    }
    Ok(data)
}

/// The file of references: `path` itself or the only one in it.
fn find(path: &Path, kind: Kind) -> Result<PathBuf, Problem> {
    if path.is_file() {
        return Ok(path.to_owned());
    }
    let candidates = kind.names().iter().map(|name| path.join(name));
    let found: Vec<PathBuf> = candidates.filter(|path| path.is_file()).collect();
    let names = kind.names().join(", ");
    match found.as_slice() {
        [one] => Ok(one.clone()),
        [] => Err(Problem::new(
            "unreadable-file",
            format!("{} has none of {names}", path.display()),
        )),
        _ => Err(Problem::new(
            "unknown-name",
            format!(
                "{} has several of {names}; give one of them as --data",
                path.display()
            ),
        )),
    }
}

/// All references that can be understood.
fn list(path: &Path, folder: &Path, data: &mut Dataset) -> Result<Vec<Reference>, Problem> {
    let bytes = file::read(path)?;
    let is_json = path
        .extension()
        .is_some_and(|e| e.eq_ignore_ascii_case("json"));
    let named = |p: Problem| Problem::new(p.code, format!("{}: {}", path.display(), p.reason));
    let entries: Box<dyn Iterator<Item = Result<Value, Problem>>> = if is_json {
        let entries: Vec<Value> = json::parse(&bytes).map_err(named)?;
        Box::new(entries.into_iter().map(Ok))
    } else {
        let pickle = Pickle::parse(&bytes).map_err(named)?;
        Box::new((0..pickle.len()).map(move |index| pickle.entry(index)))
    };
    let (mut list, mut questions) = (Vec::new(), 0);
    for (index, entry) in entries.enumerate() {
        let reference = entry.and_then(|value| {
            serde_json::from_value::<Reference>(value)
                .map_err(|e| Problem::new("invalid-entry", e.to_string()))
        });
        match reference {
            Ok(reference) => {
                questions += reference.sentences.len();
                list.push(reference);
            }
            Err(problem) => {
                let place = format!("{} entry {index}", shown(path, folder));
                data.faults.push(problem.at(place, 1));
            }
        }
        if questions > MAX_QUESTIONS {
            let reason = format!("more than {MAX_QUESTIONS} questions");
            return Err(Problem::new("too-many", reason));
        }
    }
    Ok(list)
}

fn parse(sentence: &Value) -> Result<Sentence, Problem> {
    Sentence::deserialize(sentence).map_err(|e| Problem::new("invalid-entry", e.to_string()))
}

struct Reader {
    kind: Kind,
    instances: Instances,
    folders: Vec<PathBuf>,
    /// Of the file of references.
    name: String,
}

impl Reader {
    fn add(&self, data: &mut Dataset, reference: &Reference) -> Result<(), Problem> {
        let image = self.instances.image(reference.image_id)?;
        let ids = &reference.ann_id;
        let family = match (self.kind, ids.len()) {
            (Kind::Single, 1) => "reference",
            (Kind::Single, count) => {
                let reason = format!("{count} objects instead of one");
                return Err(Problem::new("invalid-entry", reason));
            }
            (Kind::General, 0) => "no target",
            (Kind::General, 1) => "one target",
            (Kind::General, _) => "several targets",
        };
        let annotations = self.annotations(ids, reference.image_id)?;
        let path = self.picture(image)?;
        for (index, sentence) in reference.sentences.iter().enumerate() {
            let sentence = match parse(sentence) {
                Ok(sentence) => sentence,
                Err(problem) => {
                    let place = format!("{} ref {} sentence", self.name, reference.ref_id);
                    data.faults.push(problem.at(format!("{place} {index}"), 1));
                    continue;
                }
            };
            // The prompt that Sa2VA was trained with.
            let text = format!("Please segment {} in this image.", sentence.sent.trim());
            let id = format!("{}#{}", reference.ref_id, sentence.sent_id);
            // The sentence by itself, because the prompt around it is never empty.
            let valid = validate_question(&sentence.sent).and_then(|_| validate_question(&text));
            if let Err(error) = valid {
                data.faults
                    .push(Problem::from(error).at(format!("{} sentence {id}", self.name), 1));
                continue;
            }
            let question = Question {
                id,
                split: reference.split.clone(),
                family: family.to_owned(),
                text,
                target: Target(Form::Annotations(annotations.clone())),
            };
            data.push(&image.file_name, || path.clone(), question);
        }
        Ok(())
    }

    /// The annotations of one picture; crowds are left out of several.
    fn annotations(&self, ids: &[i64], image: i64) -> Result<Vec<Rc<Annotation>>, Problem> {
        let mut found = Vec::with_capacity(ids.len());
        for id in ids {
            let annotation = self.instances.annotation(*id, image)?;
            if self.kind == Kind::Single || !annotation.crowd {
                found.push(Rc::clone(annotation));
            }
        }
        Ok(found)
    }

    /// Its file, or where it would be. Names with the separators of Windows are those of files in
    /// folders, where no file is really called so.
    fn picture(&self, image: &Image) -> Result<PathBuf, Problem> {
        let name = &image.file_name;
        let names = [name.clone(), name.replace('\\', "/")];
        for name in &names {
            for folder in &self.folders {
                if let Some(path) = on_disk(inside(folder, name)?) {
                    return Ok(path);
                }
            }
        }
        inside(&self.folders[0], name)
    }
}
