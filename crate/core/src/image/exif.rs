//! Which way up a picture is.

use ::image::metadata::Orientation;

/// The orientation in EXIF metadata. What cannot be read leaves the picture as it is stored, as
/// browsers do.
///
/// Some writers put JPEG's prefix before it in PNG and WebP too, where it does not belong.
pub fn orientation(exif: Option<&[u8]>) -> Orientation {
    let tiff = exif.map(|exif| exif.strip_prefix(b"Exif\0\0").unwrap_or(exif));
    tiff.and_then(Orientation::from_exif_chunk)
        .unwrap_or(Orientation::NoTransforms)
}
