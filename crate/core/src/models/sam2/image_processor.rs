//! From a picture to what the image encoder takes (sam2's
//! [`transforms.py`](https://github.com/facebookresearch/sam2/blob/main/sam2/utils/transforms.py), with
//! the resize of Pillow as Sa2VA uses it).

use crate::image::ImageSize;
use crate::image::RgbImage;
use crate::image::normalize::normalize;
use crate::image::resample::resize;

/// The whole picture, squashed to `side` × `side` and normalized: `[3, side, side]`, row-major.
#[must_use]
pub fn pixel_values(image: &RgbImage, side: usize) -> Vec<f32> {
    normalize(&resize(
        image,
        ImageSize {
            height: side,
            width: side,
        },
    ))
}
