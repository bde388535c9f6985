//! What EXIF metadata says that matters here: which way up a picture is, and whether a camera took it.

use ::image::metadata::Orientation;

/// Tags of the first directory (EXIF 2.32, 4.6.4 and 4.6.5): who made the camera, which model it
/// is, and where the directory of the exposure lies.
const MAKE: u16 = 0x010f;
const MODEL: u16 = 0x0110;
const EXPOSURE_DIRECTORY: u16 = 0x8769;
/// A tag of that directory.
const EXPOSURE_TIME: u16 = 0x829a;

/// What a file says of its picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exif {
    pub orientation: Orientation,
    /// Whether it names a camera or an exposure.
    pub camera: bool,
}

impl Exif {
    /// What cannot be read leaves the picture as it is stored, as browsers do.
    ///
    /// Some writers put JPEG's prefix before it in PNG and WebP too, where it does not belong.
    pub fn read(exif: Option<&[u8]>) -> Self {
        let tiff = exif.map(|exif| exif.strip_prefix(b"Exif\0\0").unwrap_or(exif));
        let orientation = tiff.and_then(Orientation::from_exif_chunk);
        Self {
            orientation: orientation.unwrap_or(Orientation::NoTransforms),
            camera: tiff.and_then(Tiff::new).is_some_and(|tiff| tiff.camera()),
        }
    }
}

/// EXIF is laid out as a TIFF file: directories of tags, in either order of bytes.
struct Tiff<'a> {
    bytes: &'a [u8],
    little: bool,
}

impl<'a> Tiff<'a> {
    fn new(bytes: &'a [u8]) -> Option<Self> {
        let little = match bytes.get(..4)? {
            b"II*\0" => true,
            b"MM\0*" => false,
            _ => return None,
        };
        Some(Self { bytes, little })
    }

    fn camera(&self) -> bool {
        let Some(first) = self.u32(4) else {
            return false;
        };
        let exposure = || {
            self.find(first, EXPOSURE_DIRECTORY)
                .and_then(|at| self.u32(at))
        };
        self.find(first, MAKE).is_some()
            || self.find(first, MODEL).is_some()
            || exposure().is_some_and(|directory| self.find(directory, EXPOSURE_TIME).is_some())
    }

    /// Where the value of `tag`, or its place, stands in the directory at `directory`.
    fn find(&self, directory: usize, tag: u16) -> Option<usize> {
        /// Bytes of an entry, and those before its value: tag, type, count.
        const ENTRY: usize = 12;
        const VALUE: usize = 8;
        let entries = directory.checked_add(2)?;
        let at = (0..usize::from(self.u16(directory)?))
            .map(|entry| entries.saturating_add(entry * ENTRY))
            .find(|&at| self.u16(at) == Some(tag))?;
        at.checked_add(VALUE)
    }

    fn u16(&self, at: usize) -> Option<u16> {
        let bytes = *self.bytes.get(at..)?.first_chunk()?;
        Some(if self.little {
            u16::from_le_bytes(bytes)
        } else {
            u16::from_be_bytes(bytes)
        })
    }

    fn u32(&self, at: usize) -> Option<usize> {
        let bytes = *self.bytes.get(at..)?.first_chunk()?;
        Some(if self.little {
            u32::from_le_bytes(bytes)
        } else {
            u32::from_be_bytes(bytes)
        } as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One directory of one tag, whose value is `value`, and what follows.
    fn little(tag: u16, value: u32, rest: &[u8]) -> Vec<u8> {
        let entry = [
            &tag.to_le_bytes()[..],
            b"\x04\0\x01\0\0\0",
            &value.to_le_bytes(),
        ]
        .concat();
        [b"II*\0\x08\0\0\0\x01\0", &entry[..], &[0; 4], rest].concat()
    }

    fn camera(exif: &[u8]) -> bool {
        Exif::read(Some(exif)).camera
    }

    #[test]
    fn cameras_name_themselves_or_their_exposure() {
        assert!(camera(&little(MAKE, 0, &[])));
        assert!(camera(&little(MODEL, 0, &[])));
        assert!(camera(&[b"Exif\0\0", &little(MAKE, 0, &[])[..]].concat()));
        let big = b"MM\0*\0\0\0\x08\0\x01\x01\x0f\0\x02\0\0\0\x01\0\0\0\0";
        assert!(camera(big));
        // The exposure's directory lies right behind the first.
        let exposure = little(EXPOSURE_TIME, 0, &[]);
        assert!(camera(&little(EXPOSURE_DIRECTORY, 26, &exposure[8..])));
    }

    #[test]
    fn nothing_else_is_a_camera() {
        let software = little(0x0131, 0, &[]);
        assert!(!camera(&software));
        assert!(!Exif::read(None).camera);
        // Places outside the file.
        assert!(!camera(b"II*\0\xff\xff\xff\xff"));
        assert!(!camera(&little(EXPOSURE_DIRECTORY, u32::MAX, &[])));
        let whole = little(MAKE, 0, &[]);
        for length in 0..12 {
            assert!(!camera(&whole[..length]), "{length}");
        }
    }
}
