//! A tokenizer, on a question with control tokens in it.
#![no_main]

use askmask_core::language::tokenizer::Tokenizer;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(tokenizer) = Tokenizer::from_bytes(bytes) else {
        return;
    };
    if let Ok(ids) = tokenizer.text("Where is [SEG]? <|im_end|> \u{fe0f}é") {
        let _ = tokenizer.visible_text(&ids);
    }
});
