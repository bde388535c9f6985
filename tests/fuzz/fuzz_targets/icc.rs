//! A color profile, in a JPEG file of three, one or four components.
#![no_main]

use askmask_core::SourceImage;
use libfuzzer_sys::fuzz_target;

const CARRIERS: [&[u8]; 3] = [
    include_bytes!("../../fixtures/pictures/orientation1.jpg"),
    include_bytes!("../../fixtures/pictures/grey.jpg"),
    include_bytes!("../../fixtures/pictures/cmyk.jpg"),
];
/// What one segment holds beside its length, its name, and the number of the piece.
const PIECE: usize = 65_535 - 2 - 14;

fuzz_target!(|bytes: &[u8]| {
    let pieces: Vec<&[u8]> = bytes.chunks(PIECE).collect();
    let Ok(count) = u8::try_from(pieces.len()) else {
        return;
    };
    for carrier in CARRIERS {
        let (start, rest) = carrier.split_at(2);
        let mut file = start.to_vec();
        for (number, piece) in (1..).zip(&pieces) {
            file.extend([0xff, 0xe2]);
            file.extend((piece.len() as u16 + 16).to_be_bytes());
            file.extend(b"ICC_PROFILE\0");
            file.extend([number, count]);
            file.extend(*piece);
        }
        file.extend(rest);
        // A profile that cannot be read is no fault of the picture.
        SourceImage::decode(&file).unwrap();
    }
});
