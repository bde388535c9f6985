//! Pixels as numbers for encoders that were trained on ImageNet.

use super::RgbImage;

/// Mean of ImageNet's red, green and blue, of values 0 to 1.
const MEAN: [f32; 3] = [0.485, 0.456, 0.406];
/// Standard deviation of ImageNet's red, green and blue, of values 0 to 1.
const STD: [f32; 3] = [0.229, 0.224, 0.225];

/// Pixels as the encoders take them: `[3, height, width]`, ImageNet's mean and deviation removed.
#[must_use]
pub fn normalize(image: &RgbImage) -> Vec<f32> {
    let pixels = image.data.as_chunks::<3>().0;
    (0..3)
        .flat_map(|channel| {
            pixels.iter().map(move |pixel| {
                (f32::from(pixel[channel]) / 255.0 - MEAN[channel]) / STD[channel]
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::ImageSize;

    #[test]
    fn normalized_pixels_are_channels_first() {
        let image = RgbImage {
            size: ImageSize {
                height: 1,
                width: 2,
            },
            data: vec![0, 255, 0, 255, 0, 0],
        };
        let values = normalize(&image);
        assert!((values[0] + 0.485 / 0.229).abs() < 1e-6);
        assert!((values[1] - (1.0 - 0.485) / 0.229).abs() < 1e-6);
        assert!((values[2] - (1.0 - 0.456) / 0.224).abs() < 1e-6);
        assert_eq!(values.len(), 6);
    }
}
