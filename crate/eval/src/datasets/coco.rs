//! COCO's `instances.json`: pictures and annotations with polygons or run lengths.
//!
//! Source: the [format](https://cocodataset.org/#format-data) and `annToRLE` in [`coco.py`][coco]
//! of pycocotools.
//!
//! [coco]: https://github.com/cocodataset/cocoapi/blob/master/PythonAPI/pycocotools/coco.py

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::rc::Rc;

use askmask_core::mask::rle::Rle;
use askmask_core::{ImageSize, Mask};
use serde::Deserialize;
use serde_json::Value;

use super::{Problem, json};
use crate::file;
use crate::polygons::{crosses_itself, fill_coco};

/// The file's name.
pub const INSTANCES: &str = "instances.json";

#[derive(Deserialize)]
struct File {
    images: Vec<json::Entry<ImageEntry>>,
    annotations: Vec<json::Entry<Entry>>,
}

/// As it stands in the file: nothing is refused before somebody asks about it.
#[derive(Default, Deserialize)]
#[serde(default)]
struct ImageEntry {
    id: Value,
    file_name: Value,
    height: Value,
    width: Value,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Entry {
    id: Value,
    image_id: Value,
    iscrowd: Value,
    segmentation: Option<Outline>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Outline {
    Polygons(Vec<Vec<f64>>),
    /// Run lengths, one or several.
    Other(Value),
}

/// A picture as COCO knows it.
#[derive(Debug)]
pub struct Image {
    pub file_name: String,
    size: ImageSize,
}

/// One object of one picture.
#[derive(Debug)]
pub struct Annotation {
    pub image: i64,
    pub crowd: bool,
    size: ImageSize,
    outline: Option<Outline>,
}

/// The part of a file that is asked about. What is wrong with an entry matters only to those who
/// ask about it.
pub struct Instances {
    images: HashMap<i64, Result<Image, Problem>>,
    annotations: HashMap<i64, Result<Rc<Annotation>, Problem>>,
}

impl Instances {
    /// Reads the annotations in `wanted`.
    pub fn read(path: &Path, wanted: &HashSet<i64>) -> Result<Self, Problem> {
        let file: File = json::parse(&file::read(path)?)?;
        let mut read = Self {
            images: HashMap::new(),
            annotations: HashMap::new(),
        };
        for entry in file.images.into_iter().filter_map(json::Entry::read) {
            if let Some(id) = json::whole(&entry.id) {
                read.images.insert(id, entry.check(id));
            }
        }
        for entry in file.annotations.into_iter().filter_map(json::Entry::read) {
            let id = json::whole(&entry.id).filter(|id| wanted.contains(id));
            if let Some(id) = id {
                let annotation = entry.check(id, &read).map(Rc::new);
                read.annotations.insert(id, annotation);
            }
        }
        Ok(read)
    }

    /// The picture of that number.
    pub fn image(&self, id: i64) -> Result<&Image, Problem> {
        let missing = || {
            Problem::new(
                "missing-picture",
                format!("{INSTANCES} has no picture {id}"),
            )
        };
        let image = self.images.get(&id).ok_or_else(missing)?;
        image.as_ref().map_err(Problem::clone)
    }

    /// The annotation of that number, which must be one of that picture.
    pub fn annotation(&self, id: i64, image: i64) -> Result<&Rc<Annotation>, Problem> {
        let missing = || {
            let reason = format!("{INSTANCES} has no annotation {id} of this picture");
            Problem::new("missing-annotation", reason)
        };
        match self.annotations.get(&id) {
            Some(Ok(annotation)) if annotation.image == image => Ok(annotation),
            Some(Err(problem)) => Err(problem.clone()),
            _ => Err(missing()),
        }
    }
}

impl ImageEntry {
    fn check(self, id: i64) -> Result<Image, Problem> {
        let side = |value: &Value| {
            let side = json::whole(value).filter(|&side| side > 0);
            side.and_then(|side| usize::try_from(side).ok())
        };
        let wrong = |what: &str, value: &Value| invalid(&format!("{what} {value} of picture {id}"));
        let Value::String(file_name) = self.file_name else {
            return Err(wrong("the file_name", &self.file_name));
        };
        let height = side(&self.height).ok_or_else(|| wrong("the height", &self.height))?;
        let width = side(&self.width).ok_or_else(|| wrong("the width", &self.width))?;
        Ok(Image {
            file_name,
            size: ImageSize { height, width },
        })
    }
}

impl Entry {
    fn check(self, id: i64, read: &Instances) -> Result<Annotation, Problem> {
        let wrong =
            |what: &str, value: &Value| invalid(&format!("{what} {value} of annotation {id}"));
        let image = json::whole(&self.image_id);
        let image = image.ok_or_else(|| wrong("the image_id", &self.image_id))?;
        let crowd = json::truth(&self.iscrowd);
        Ok(Annotation {
            image,
            crowd: crowd.ok_or_else(|| wrong("the iscrowd", &self.iscrowd))?,
            size: read.image(image)?.size,
            outline: self.segmentation,
        })
    }
}

fn invalid(reason: &str) -> Problem {
    Problem::new("invalid-entry", format!("{INSTANCES}: {reason}"))
}

impl Annotation {
    /// Its pixels, all parts together, as pycocotools draws them.
    pub fn mask(&self) -> Result<Mask, Problem> {
        let mut parts = self.parts()?.into_iter();
        let first = parts.next().ok_or_else(empty)?;
        let mut mask = first.decode();
        for part in parts {
            mask = mask.union(&part.decode())?;
        }
        Ok(mask)
    }

    fn parts(&self) -> Result<Vec<Rle>, Problem> {
        let run_lengths = |value: &Value| {
            let rle = Rle::from_json(&json::with_integers(value).to_string());
            rle.map_err(|e| Problem::new("invalid-mask", e.to_string()))
        };
        match &self.outline {
            Some(Outline::Polygons(polygons)) => {
                let fill = |polygon: &Vec<f64>| {
                    let rle = points(polygon).and_then(|points| Ok(fill_coco(&points, self.size)?));
                    rle.map_err(|problem| Problem::new("invalid-polygon", problem.reason))
                };
                polygons.iter().map(fill).collect()
            }
            Some(Outline::Other(Value::Array(several))) => {
                if several.iter().any(Value::is_array) {
                    let reason = "a polygon with something that is no number";
                    return Err(Problem::new("invalid-polygon", reason));
                }
                several.iter().map(run_lengths).collect()
            }
            Some(Outline::Other(one)) => Ok(vec![run_lengths(one)?]),
            None => Err(empty()),
        }
    }

    /// Whether one of its polygons crosses itself.
    pub fn crosses_itself(&self) -> bool {
        match &self.outline {
            Some(Outline::Polygons(polygons)) => polygons
                .iter()
                .any(|polygon| points(polygon).is_ok_and(|points| crosses_itself(&points))),
            _ => false,
        }
    }
}

fn points(polygon: &[f64]) -> Result<Vec<[f64; 2]>, Problem> {
    match polygon.as_chunks::<2>() {
        (points, []) => Ok(points.to_vec()),
        _ => Err(Problem::new("invalid-polygon", "an odd count of numbers")),
    }
}

fn empty() -> Problem {
    Problem::new("invalid-polygon", "an annotation without any outline")
}
