//! Colors as the file means them become sRGB, which is what models were trained on and what is
//! exported.

use ::image::{DynamicImage, ImageBuffer, RgbImage};
use moxcms::{
    Chromaticity, CicpProfile, ColorPrimaries, ColorProfile, DataColorSpace, Layout,
    RenderingIntent, ToneReprCurve, TransformExecutor, TransformOptions, XyY,
};

/// Larger ones than any in use; a printer's has about 2 MB.
const MAX_ICC_BYTES: usize = 8 << 20;
/// Samples that are converted at a time.
const BLOCK: usize = 1 << 14;

/// What a file's numbers mean.
#[derive(Debug)]
pub struct Profile(ColorProfile);

impl Profile {
    /// An embedded profile ([ICC.1](https://www.color.org/icc_specs2.xalter)). What cannot be read
    /// counts as missing, as in browsers.
    pub fn from_icc(bytes: &[u8]) -> Option<Self> {
        let readable = bytes.len() <= MAX_ICC_BYTES;
        let profile = readable.then(|| ColorProfile::new_from_slice(bytes).ok());
        profile.flatten().map(Self)
    }

    /// Coding-independent code points: primaries and transfer characteristics by number
    /// ([H.273](https://www.itu.int/rec/T-REC-H.273)). `None` for those that say nothing.
    ///
    /// What video calls BT.709 is shown with the gamma of its screens,
    /// [BT.1886](https://www.itu.int/rec/R-REC-BT.1886), as Chromium does.
    pub fn from_code_points(primaries: u8, transfer: u8) -> Option<Self> {
        let cicp = CicpProfile {
            color_primaries: primaries.try_into().ok()?,
            transfer_characteristics: transfer.try_into().ok()?,
            matrix_coefficients: moxcms::MatrixCoefficients::Identity,
            full_range: true,
        };
        let profile = Self(ColorProfile::new_from_cicp(cicp));
        profile.0.red_trc.as_ref()?;
        Some(match transfer {
            1 | 6 | 11 | 14 | 15 => profile.with_gamma(2.4),
            _ => profile,
        })
    }

    /// Light as a power of the value, with sRGB's primaries or others: x and y of white, red,
    /// green and blue.
    pub fn from_gamma(gamma: f32, primaries: Option<[[f32; 2]; 4]>) -> Self {
        let mut profile = ColorProfile::new_srgb();
        if let Some([white, red, green, blue]) = primaries {
            let [red, green, blue] = [red, green, blue].map(|[x, y]| Chromaticity::new(x, y));
            let white = XyY::new(f64::from(white[0]), f64::from(white[1]), 1.0);
            profile.update_rgb_colorimetry(white, ColorPrimaries { red, green, blue });
        }
        Self(profile).with_gamma(gamma)
    }

    fn with_gamma(mut self, gamma: f32) -> Self {
        let curve = Some(ToneReprCurve::Parametric(vec![gamma]));
        self.0.red_trc.clone_from(&curve);
        self.0.green_trc.clone_from(&curve);
        self.0.blue_trc = curve;
        // It would be preferred to the curve.
        self.0.cicp = None;
        self
    }

    fn is_for(&self, space: DataColorSpace) -> bool {
        self.0.color_space == space
    }

    /// Whether converting from it would change no value by more than rounding does.
    fn is_srgb(&self) -> bool {
        const STEPS: u8 = 15;
        const STEP: u8 = 255 / STEPS;
        let Some(to_srgb) = self.to_srgb_8(Layout::Rgb) else {
            return false;
        };
        let levels = || (0..=STEPS).map(|i| i * STEP);
        let colors: Vec<u8> = levels()
            .flat_map(|r| levels().flat_map(move |g| levels().flat_map(move |b| [r, g, b])))
            .collect();
        let mut converted = vec![0; colors.len()];
        let done = to_srgb.transform(&colors, &mut converted).is_ok();
        done && colors
            .iter()
            .zip(&converted)
            .all(|(a, b)| a.abs_diff(*b) <= 1)
    }

    fn to_srgb_8(&self, from: Layout) -> Option<Executor<u8>> {
        let srgb = ColorProfile::new_srgb();
        let transform = self
            .0
            .create_transform_8bit(from, &srgb, Layout::Rgb, options());
        transform.ok()
    }

    fn to_srgb_16(&self, from: Layout) -> Option<Executor<u16>> {
        let srgb = ColorProfile::new_srgb();
        let transform = self
            .0
            .create_transform_16bit(from, &srgb, Layout::Rgb, options());
        transform.ok()
    }
}

type Executor<T> = std::sync::Arc<dyn TransformExecutor<T> + Send + Sync>;

fn options() -> TransformOptions {
    TransformOptions {
        rendering_intent: RenderingIntent::RelativeColorimetric,
        ..TransformOptions::default()
    }
}

/// 8-bit sRGB. Alpha is left out; a profile that is for other colors than the picture has says
/// nothing.
pub fn to_srgb(picture: DynamicImage, profile: Option<&Profile>) -> RgbImage {
    let Some(profile) = profile else {
        return picture.into_rgb8();
    };
    let wide = picture.color().bytes_per_pixel() == 2 * picture.color().channel_count();
    let gray = !picture.color().has_color() && profile.is_for(DataColorSpace::Gray);
    if !gray && (!profile.is_for(DataColorSpace::Rgb) || profile.is_srgb()) {
        return picture.into_rgb8();
    }
    match (gray, wide) {
        (true, false) => convert(picture.into_luma8(), profile.to_srgb_8(Layout::Gray)),
        (false, false) => convert(picture.into_rgb8(), profile.to_srgb_8(Layout::Rgb)),
        (true, true) => convert(picture.into_luma16(), profile.to_srgb_16(Layout::Gray)),
        (false, true) => convert(picture.into_rgb16(), profile.to_srgb_16(Layout::Rgb)),
    }
}

/// 8-bit RGB of cyan, magenta, yellow and black; without a profile for them, plainly multiplied,
/// as browsers do.
pub fn cmyk_to_rgb(samples: &[u8], profile: Option<&Profile>) -> Vec<u8> {
    let profile = profile.filter(|profile| profile.is_for(DataColorSpace::Cmyk));
    // Four channels are laid out as RGBA whatever they mean.
    let transform = profile.and_then(|profile| profile.to_srgb_8(Layout::Rgba));
    if let Some(rgb) = transform.and_then(|transform| blocks(samples, 4, &*transform)) {
        return rgb;
    }
    let pixels = samples.as_chunks::<4>().0.iter();
    pixels
        .flat_map(|&[c, m, y, k]| {
            [c, m, y].map(|ink| {
                let (ink, black) = (255 - u32::from(ink), 255 - u32::from(k));
                ((ink * black + 127) / 255) as u8
            })
        })
        .collect()
}

/// Converts every pixel; without a transform the numbers stay.
fn convert<P>(
    picture: ImageBuffer<P, Vec<P::Subpixel>>,
    transform: Option<Executor<P::Subpixel>>,
) -> RgbImage
where
    P: ::image::Pixel,
    P::Subpixel: Default,
    ImageBuffer<P, Vec<P::Subpixel>>: Into<DynamicImage>,
    ImageBuffer<::image::Rgb<P::Subpixel>, Vec<P::Subpixel>>: Into<DynamicImage>,
    ::image::Rgb<P::Subpixel>: ::image::Pixel<Subpixel = P::Subpixel>,
{
    let (width, height) = picture.dimensions();
    let channels = usize::from(P::CHANNEL_COUNT);
    let rgb = transform.and_then(|transform| blocks(picture.as_raw(), channels, &*transform));
    let converted = rgb
        .and_then(|rgb| ImageBuffer::<::image::Rgb<P::Subpixel>, _>::from_raw(width, height, rgb));
    match converted {
        Some(converted) => converted.into().into_rgb8(),
        None => picture.into().into_rgb8(),
    }
}

fn blocks<T: Copy + Default>(
    samples: &[T],
    channels: usize,
    transform: &(dyn TransformExecutor<T> + Send + Sync),
) -> Option<Vec<T>> {
    let mut rgb = vec![T::default(); samples.len() / channels * 3];
    let from = samples.chunks(BLOCK * channels);
    for (from, to) in from.zip(rgb.chunks_mut(BLOCK * 3)) {
        transform.transform(from, to).ok()?;
    }
    Some(rgb)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(color: [u8; 3], profile: &Profile) -> [u8; 3] {
        let picture = RgbImage::from_pixel(1, 1, ::image::Rgb(color));
        to_srgb(picture.into(), Some(profile)).get_pixel(0, 0).0
    }

    #[test]
    fn srgb_stays_as_it_is() {
        let srgb = Profile(ColorProfile::new_srgb());
        assert!(srgb.is_srgb());
        assert_eq!(one([1, 2, 3], &srgb), [1, 2, 3]);
        assert!(!Profile(ColorProfile::new_display_p3()).is_srgb());
    }

    #[test]
    fn what_says_nothing_changes_nothing() {
        assert!(Profile::from_icc(b"no profile").is_none());
        assert!(Profile::from_code_points(2, 2).is_none());
        let gray = Profile(ColorProfile::new_gray_with_gamma(1.0));
        assert_eq!(one([1, 2, 3], &gray), [1, 2, 3]);
    }

    #[test]
    fn sixteen_bits_are_converted_before_they_are_cut() {
        let linear = Profile::from_gamma(1.0, None);
        let dark = ImageBuffer::from_pixel(1, 1, ::image::Rgb([100_u16, 100, 100]));
        // 100 / 65535 is 0.00153; times sRGB's slope at black, 12.92, and 255, it is 5.
        let ours = to_srgb(DynamicImage::ImageRgb16(dark), Some(&linear));
        assert_eq!(ours.get_pixel(0, 0).0, [5, 5, 5]);
    }

    #[test]
    fn inks_without_a_profile_are_multiplied() {
        assert_eq!(cmyk_to_rgb(&[0, 255, 128, 0], None), [255, 0, 127]);
        assert_eq!(cmyk_to_rgb(&[0, 0, 0, 255], None), [0, 0, 0]);
    }
}
