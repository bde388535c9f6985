//! The segments of a JPEG file (ITU-T T.81, annex B): what describes the picture, and the picture's
//! own segments without anything else.
//!
//! Decoders differ in what they forgive. Files in the wild have bytes between segments, unknown
//! segments, and no end; every viewer shows them. What is handed to the decoder is clean.

use std::collections::BTreeMap;

/// Start of image, and end of image.
const SOI: u8 = 0xd8;
pub const END_OF_IMAGE: [u8; 2] = [0xff, 0xd9];

/// What is in a file.
#[derive(Debug, Default)]
pub struct Segments<'a> {
    /// The first frame's header.
    pub frame: Option<Frame>,
    /// EXIF, without its prefix.
    pub exif: Option<&'a [u8]>,
    /// The color profile, if all its pieces are there.
    pub icc: Option<Vec<u8>>,
    /// Whether it says that it follows JFIF, whose colors are Y′CbCr.
    pub jfif: bool,
    /// The color transform in Adobe's segment.
    pub adobe: Option<u8>,
    /// The picture's own segments, from start of image to the last scan; the end is left out.
    pub picture: Vec<u8>,
    /// Bytes of coded data in all scans.
    pub coded: usize,
    /// Whether there is an end of image.
    pub ended: bool,
    /// Whether the scans bring every coefficient in full.
    pub all_scans: bool,
}

/// A frame's header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// The marker's second byte: which kind of coding.
    pub coding: u8,
    pub precision: u8,
    pub height: usize,
    pub width: usize,
    pub components: Vec<Component>,
}

/// One color component of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Component {
    pub id: u8,
    /// Samples across and down in a unit of all components.
    pub sampling: (usize, usize),
}

impl Frame {
    fn parse(coding: u8, body: &[u8]) -> Option<Self> {
        let (&[precision, h0, h1, w0, w1, count], rest) = body.split_first_chunk()?;
        let components = rest.as_chunks::<3>().0.iter().map(|&[id, sampling, _]| {
            let sampling = (usize::from(sampling >> 4), usize::from(sampling & 15));
            Component { id, sampling }
        });
        let components: Vec<_> = components.take(usize::from(count)).collect();
        (components.len() == usize::from(count)).then_some(Self {
            coding,
            precision,
            height: usize::from(u16::from_be_bytes([h0, h1])),
            width: usize::from(u16::from_be_bytes([w0, w1])),
            components,
        })
    }

    /// Blocks of 8 × 8 samples, each of which takes at least one bit of coded data.
    pub fn blocks(&self) -> usize {
        let most = |of: fn(&Component) -> usize| self.components.iter().map(of).max().unwrap_or(1);
        let (across, down) = (most(|c| c.sampling.0).max(1), most(|c| c.sampling.1).max(1));
        let blocks =
            |side: usize, sampling: usize, most: usize| (side * sampling).div_ceil(8 * most);
        self.components
            .iter()
            .map(|c| {
                blocks(self.width, c.sampling.0, across) * blocks(self.height, c.sampling.1, down)
            })
            .sum()
    }
}

impl<'a> Segments<'a> {
    /// Walks all segments up to the end of image, or as far as the bytes go.
    pub fn read(bytes: &'a [u8]) -> Self {
        let mut found = Self::default();
        found.picture.extend([0xff, SOI]);
        let mut profile = Profile::default();
        let mut scans = Scans::default();
        let mut at = 2;
        while let Some((marker, start)) = next_marker(bytes, at) {
            at = start;
            match marker {
                0xd9 => {
                    found.ended = true;
                    break;
                }
                // Markers without a segment: start of image, restarts, and TEM.
                0x01 | 0xd0..=0xd8 => continue,
                _ => {}
            }
            let Some(body) = body(bytes, start) else {
                // Cut within a segment; what it belongs to is missing.
                scans.cut = true;
                break;
            };
            at += 2 + body.len();
            match marker {
                0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => {
                    found.frame = found.frame.or_else(|| Frame::parse(marker, body));
                    found.keep(marker, body);
                }
                // Huffman and quantization tables, arithmetic conditioning, restart interval.
                0xc4 | 0xcc | 0xdb | 0xdd => found.keep(marker, body),
                0xda => {
                    let coded = coded_data(&bytes[at..]);
                    at += coded.len();
                    scans.add(body);
                    found.coded += coded.len();
                    found.keep(marker, &found.scan_header(body));
                    found.picture.extend(coded);
                }
                0xe0 => found.jfif |= body.starts_with(b"JFIF\0"),
                0xe1 => found.exif = found.exif.or_else(|| exif(body)),
                0xe2 => profile.add(body),
                0xee => found.adobe = found.adobe.or_else(|| adobe(body)),
                _ => {}
            }
        }
        found.icc = profile.whole();
        found.all_scans = found
            .frame
            .as_ref()
            .is_some_and(|frame| scans.complete(frame));
        found
    }

    /// A scan's header. Of a sequential picture every scan brings all coefficients, whatever some
    /// writers say.
    fn scan_header(&self, body: &[u8]) -> Vec<u8> {
        const PROGRESSIVE: u8 = 0xc2;
        let sequential = self.frame.as_ref().is_some_and(|f| f.coding != PROGRESSIVE);
        match body.split_last_chunk::<3>() {
            Some((components, _)) if sequential => [components, &[0, 63, 0]].concat(),
            _ => body.to_vec(),
        }
    }

    fn keep(&mut self, marker: u8, body: &[u8]) {
        self.picture.extend([0xff, marker]);
        self.picture.extend((body.len() as u16 + 2).to_be_bytes());
        self.picture.extend(body);
    }
}

/// The next marker's code and where its segment begins: in coded data, 0xff is followed by 0, and
/// any number of 0xff may stand before a marker.
fn next_marker(bytes: &[u8], from: usize) -> Option<(u8, usize)> {
    let rest = bytes.get(from..)?;
    let at = rest
        .windows(2)
        .position(|pair| pair[0] == 0xff && !matches!(pair[1], 0 | 0xff))?;
    Some((rest[at + 1], from + at + 2))
}

/// A segment without its length, or `None` when it is cut.
fn body(bytes: &[u8], start: usize) -> Option<&[u8]> {
    let (length, rest) = bytes.get(start..)?.split_first_chunk::<2>()?;
    let length = usize::from(u16::from_be_bytes(*length)).checked_sub(2)?;
    rest.get(..length)
}

/// Coded data at the front of `bytes`: up to a marker other than a restart.
fn coded_data(bytes: &[u8]) -> &[u8] {
    let end = bytes
        .windows(2)
        .position(|pair| pair[0] == 0xff && !matches!(pair[1], 0 | 0xd0..=0xd7));
    // Half a marker at the end of the file is no data.
    let whole = bytes.strip_suffix(&[0xff]).unwrap_or(bytes);
    end.map_or(whole, |end| &bytes[..end])
}

fn exif(body: &[u8]) -> Option<&[u8]> {
    let exif = body.strip_prefix(b"Exif\0\0")?;
    (!exif.is_empty()).then_some(exif)
}

fn adobe(body: &[u8]) -> Option<u8> {
    let body = body.strip_prefix(b"Adobe")?;
    body.get(6).copied()
}

/// A color profile in pieces (ICC.1:2022, annex B.4).
#[derive(Default)]
struct Profile<'a> {
    count: u8,
    pieces: BTreeMap<u8, &'a [u8]>,
}

impl<'a> Profile<'a> {
    fn add(&mut self, body: &'a [u8]) {
        let Some((&[number, count], piece)) = body
            .strip_prefix(b"ICC_PROFILE\0")
            .and_then(|body| body.split_first_chunk())
        else {
            return;
        };
        self.count = count;
        self.pieces.insert(number, piece);
    }

    fn whole(self) -> Option<Vec<u8>> {
        let count = usize::from(self.count);
        let complete = count > 0 && self.pieces.keys().copied().eq(1..=self.count);
        complete.then(|| self.pieces.into_values().flatten().copied().collect())
    }
}

/// Which coefficients of which component have been brought, and to which bit.
#[derive(Default)]
struct Scans {
    /// By component: for each of the 64 coefficients, how many low bits are still missing.
    missing: BTreeMap<u8, [u8; 64]>,
    cut: bool,
}

impl Scans {
    fn add(&mut self, header: &[u8]) {
        const NOTHING: u8 = 16;
        let Some((&count, rest)) = header.split_first() else {
            return;
        };
        let (components, rest) = rest.as_chunks::<2>();
        let components = components.get(..usize::from(count)).unwrap_or_default();
        let tail = header.get(1 + 2 * usize::from(count)..).unwrap_or(rest);
        let &[first, last, bits] = tail else {
            return;
        };
        for [id, _] in components {
            let missing = self.missing.entry(*id).or_insert([NOTHING; 64]);
            for bit in missing
                .iter_mut()
                .take(usize::from(last) + 1)
                .skip(usize::from(first))
            {
                *bit = bits & 15;
            }
        }
    }

    fn complete(&self, frame: &Frame) -> bool {
        let whole = |c: &Component| self.missing.get(&c.id).is_some_and(|m| *m == [0; 64]);
        !self.cut && frame.components.iter().all(whole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An EXIF segment that holds an end of image, a frame, a scan with a restart.
    const FILE: &[u8] = b"\xff\xd8junk\xff\xe1\x00\x0aExif\0\0\xff\xd9\
        \xff\xff\xc0\x00\x0b\x08\x00\x09\x00\x11\x01\x07\x11\x00\
        \xff\x02\x00\x03?\xff\xda\x00\x08\x01\x07\x00\x00\x3f\x00abc\xff\x00\xff\xd0xyz\xff\xd9trailer";

    #[test]
    fn only_the_picture_is_kept() {
        let found = Segments::read(FILE);
        assert!(found.ended && found.all_scans);
        assert_eq!(found.exif, Some(&b"\xff\xd9"[..]));
        assert_eq!(found.coded, 10);
        let frame = found.frame.unwrap();
        assert_eq!((frame.width, frame.height, frame.blocks()), (17, 9, 6));
        assert_eq!(
            found.picture,
            b"\xff\xd8\xff\xc0\x00\x0b\x08\x00\x09\x00\x11\x01\x07\x11\x00\
              \xff\xda\x00\x08\x01\x07\x00\x00\x3f\x00abc\xff\x00\xff\xd0xyz"
        );
    }

    #[test]
    fn a_missing_end_is_told() {
        let cut = FILE.len() - b"\xff\xd9trailer".len();
        for length in 0..=cut + 1 {
            let found = Segments::read(&FILE[..length]);
            assert!(!found.ended, "{length}");
            assert!(found.frame.is_none() || found.frame.unwrap().width == 17);
        }
        assert_eq!(Segments::read(&FILE[..=cut]).coded, 10);
    }

    #[test]
    fn a_profile_needs_all_its_pieces() {
        let piece = |number: u8, count: u8| {
            [
                b"\xff\xe2\x00\x11ICC_PROFILE\0",
                &[number, count, b'a' + number][..],
            ]
            .concat()
        };
        let icc =
            |pieces: &[Vec<u8>]| Segments::read(&[b"\xff\xd8", &pieces.concat()[..]].concat()).icc;
        assert_eq!(icc(&[piece(2, 2), piece(1, 2)]), Some(b"bc".to_vec()));
        assert_eq!(icc(&[piece(2, 2)]), None);
        assert_eq!(icc(&[]), None);
    }

    #[test]
    fn progressive_scans_must_reach_the_last_bit() {
        let scans = |headers: &[&[u8]]| {
            let mut scans = Scans::default();
            for header in headers {
                scans.add(header);
            }
            let component = Component {
                id: 1,
                sampling: (1, 1),
            };
            scans.complete(&Frame {
                coding: 0xc2,
                precision: 8,
                height: 8,
                width: 8,
                components: vec![component],
            })
        };
        let dc: &[u8] = &[1, 1, 0, 0, 0, 0];
        assert!(!scans(&[dc]));
        assert!(!scans(&[dc, &[1, 1, 0, 1, 63, 1]]));
        assert!(scans(&[dc, &[1, 1, 0, 1, 63, 1], &[1, 1, 0, 1, 63, 0x10]]));
        assert!(!scans(&[dc, &[1, 2, 0, 1, 63, 0]]));
    }
}
