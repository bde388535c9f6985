//! Why a pickle is not read.

use crate::datasets::Problem;

/// Most letters of a global's name that are shown.
const MAX_SHOWN: usize = 100;

/// An instruction at byte `at` that makes no plain value, and the global that it would look up.
pub(super) fn forbidden(code: u8, at: usize, global: Option<&str>) -> Problem {
    let name = match code {
        b'c' => "GLOBAL",
        b'R' => "REDUCE",
        b'b' => "BUILD",
        b'i' => "INST",
        b'o' => "OBJ",
        b'P' => "PERSID",
        b'Q' => "BINPERSID",
        0x81 => "NEWOBJ",
        0x82..=0x84 => "EXT",
        0x92 => "NEWOBJ_EX",
        0x93 => "STACK_GLOBAL",
        0x97 => "NEXT_BUFFER",
        _ => {
            return invalid(format!(
                "byte {code:#04x} at {at} is no instruction for plain values"
            ));
        }
    };
    let global = global.map_or_else(String::new, |global| {
        // Escaped, because it is somebody else's text.
        let shown: String = global.chars().take(MAX_SHOWN).collect();
        format!(" {shown:?}")
    });
    let reason = format!(
        "the pickle asks for {name}{global} at byte {at}, which can run code; nothing of it was \
         executed"
    );
    Problem::new("forbidden-opcode", reason)
}

pub(super) fn invalid(reason: impl AsRef<str>) -> Problem {
    Problem::new(
        "invalid-pickle",
        format!("broken pickle: {}", reason.as_ref()),
    )
}
