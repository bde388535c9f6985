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

use super::Problem;
use crate::file;
use crate::polygons::{crosses_itself, fill_coco};

#[derive(Deserialize)]
struct File {
    images: Vec<Image>,
    annotations: Vec<Entry>,
}

/// A picture as COCO knows it.
#[derive(Debug, Deserialize)]
pub struct Image {
    id: i64,
    pub file_name: String,
    height: usize,
    width: usize,
}

#[derive(Deserialize)]
struct Entry {
    id: i64,
    image_id: i64,
    #[serde(default)]
    iscrowd: u8,
    segmentation: Option<Outline>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Outline {
    Polygons(Vec<Vec<f64>>),
    /// Run lengths, one or several.
    Other(Value),
}

/// One object of one picture.
#[derive(Debug)]
pub struct Annotation {
    pub image: i64,
    pub crowd: bool,
    size: ImageSize,
    outline: Option<Outline>,
}

/// The part of a file that is asked about.
pub struct Instances {
    pub images: HashMap<i64, Image>,
    pub annotations: HashMap<i64, Rc<Annotation>>,
}

impl Instances {
    /// Reads the annotations in `wanted`.
    pub fn read(path: &Path, wanted: &HashSet<i64>) -> Result<Self, Problem> {
        let file: File = serde_json::from_slice(&file::read(path)?)?;
        let images: HashMap<i64, Image> = file.images.into_iter().map(|i| (i.id, i)).collect();
        let mut annotations = HashMap::new();
        for entry in file.annotations {
            let Some(image) = images.get(&entry.image_id) else {
                continue;
            };
            if wanted.contains(&entry.id) {
                let annotation = Annotation {
                    image: entry.image_id,
                    crowd: entry.iscrowd != 0,
                    size: ImageSize {
                        height: image.height,
                        width: image.width,
                    },
                    outline: entry.segmentation,
                };
                annotations.insert(entry.id, Rc::new(annotation));
            }
        }
        Ok(Self {
            images,
            annotations,
        })
    }
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
            let rle = Rle::from_json(&value.to_string());
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
