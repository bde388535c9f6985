//! What the model is shown: the picture, or for a baseline something else.

use askmask_core::image::resample::resize;
use askmask_core::{RgbImage, SourceImage};
use askmask_eval::datasets::{Dataset, Picture, Problem};
use askmask_eval::file;

/// Value of a grey pixel, the middle of 0 to 255.
const GREY: u8 = 128;

/// What stands for a picture of the data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    Picture,
    /// A grey picture of the same size.
    Grey,
    /// Another picture of the same split, at the same size.
    Other,
}

impl Shown {
    /// As in results.
    pub fn name(self) -> &'static str {
        match self {
            Self::Picture => "picture",
            Self::Grey => "grey",
            Self::Other => "another picture",
        }
    }

    /// What is shown for the picture at `index`, always at that picture's size.
    pub fn image(self, data: &Dataset, index: usize) -> Result<RgbImage, Problem> {
        let mut image = decode(&data.pictures[index])?;
        match self {
            Self::Picture => {}
            Self::Grey => image.data.fill(GREY),
            Self::Other => {
                let other = decode(other(data, index)?)?;
                image = if other.size == image.size {
                    other
                } else {
                    resize(&other, image.size)
                };
            }
        }
        Ok(image)
    }
}

fn decode(picture: &Picture) -> Result<RgbImage, Problem> {
    if !picture.path.is_file() {
        return Err(Problem::new("missing-picture", "there is no such file"));
    }
    let image = SourceImage::decode(&file::read(&picture.path)?)?;
    Ok(image.over_white().into_owned())
}

/// The picture half a split further on, which is always the same one and never `index`.
fn other(data: &Dataset, index: usize) -> Result<&Picture, Problem> {
    let split = |picture: &Picture| picture.questions.first().map(|q| q.split.clone());
    let own = data.pictures.get(index).and_then(split);
    let same: Vec<usize> = (0..data.pictures.len())
        .filter(|&i| split(&data.pictures[i]) == own)
        .collect();
    let at = same.iter().position(|&i| i == index).unwrap_or(0);
    let chosen = same[(at + same.len() / 2) % same.len()];
    if chosen == index {
        let reason = "the split has no other picture";
        return Err(Problem::new("nothing-to-shuffle", reason));
    }
    Ok(&data.pictures[chosen])
}
