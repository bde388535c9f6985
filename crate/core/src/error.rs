//! Everything that can go wrong, as one enum with stable codes.

use thiserror::Error as ThisError;

/// How many tensor names a [`Error::WeightsMismatch`] message lists per kind.
const LISTED_NAMES: usize = 20;

/// What happened, on what input. [`Error::hint`] says what to do next.
#[derive(Debug, Clone, PartialEq, Eq, ThisError)]
pub enum Error {
    /// The bytes are not a picture that we can read.
    #[error("not a readable picture: {reason}")]
    InvalidImage {
        /// The format found, or what is wrong with the file.
        reason: String,
    },

    /// A picture in a format, or a variant of one, that is not decoded here.
    #[error("the picture is {found}, which cannot be decoded here")]
    UnsupportedImage {
        /// What it is, such as `a HEIC`.
        found: String,
    },

    /// The picture has more pixels than are accepted; nothing was allocated for it.
    #[error("the picture is {size}, more than the limit of {limit}")]
    ImageTooLarge {
        /// The size that the file states, such as `20000 × 20000 pixels`.
        size: String,
        /// The limit it breaks, in the same unit.
        limit: String,
    },

    /// A question, click or box that cannot be used.
    #[error("invalid query: {reason}")]
    InvalidQuery {
        /// Which part of the query, and why.
        reason: String,
    },

    /// Picture and question together do not fit the language model's context.
    #[error("the prompt is {tokens} tokens, more than the limit of {limit}")]
    PromptTooLong {
        /// Tokens of the whole prompt, picture tokens included.
        tokens: usize,
        /// Most tokens that the model takes.
        limit: usize,
    },

    /// No usable WebGPU adapter or device.
    #[error("WebGPU is not available: {reason}")]
    WebGpuUnavailable {
        /// What the browser or driver said.
        reason: String,
    },

    /// The GPU device was lost while it was in use.
    #[error("the GPU device was lost: {reason}")]
    DeviceLost {
        /// What the browser or driver said.
        reason: String,
    },

    /// Memory ran out, on the GPU or in the page.
    #[error("out of memory: {needed} bytes are needed for {what}")]
    OutOfMemory {
        /// Bytes that the failed step needs, as far as known.
        needed: u64,
        /// What they are for.
        what: String,
    },

    /// A result holds NaN or is constant, so no mask is made from it.
    #[error("the GPU's result is invalid at the stage {stage}")]
    GpuResultInvalid {
        /// The stage whose check failed.
        stage: String,
    },

    /// A file could not be fetched.
    #[error("cannot fetch {url}: {reason}")]
    Network {
        /// The address.
        url: String,
        /// HTTP status or the cause.
        reason: String,
    },

    /// A model file is damaged, forged or incomplete.
    #[error("{file} is damaged: {reason}")]
    Integrity {
        /// The file's name.
        file: String,
        /// What is wrong with it.
        reason: String,
    },

    /// The checkpoint's tensors are not those of the configured model.
    #[error(
        "the weights do not match the configuration: {}",
        mismatch(missing, unused, misshapen)
    )]
    WeightsMismatch {
        /// Tensors that the model needs and the files lack.
        missing: Vec<String>,
        /// Tensors that the files hold and the model does not know.
        unused: Vec<String>,
        /// Tensors of another shape or type than the configuration says.
        misshapen: Vec<String>,
    },

    /// The model is of a family, size or file format that we do not run.
    #[error("unsupported model: {reason}")]
    UnsupportedModel {
        /// Which setting or file, and what was found.
        reason: String,
    },

    /// The caller cancelled the work.
    #[error("cancelled")]
    Cancelled,

    /// A fault of this program.
    #[error("internal error: {reason}")]
    Internal {
        /// What was found to be impossible.
        reason: String,
    },
}

/// Gives every variant its stable kebab-case code, and what the user can do next in one sentence.
macro_rules! codes {
    ($($variant:ident => $code:literal, $hint:literal;)*) => {
        /// Every code that [`Error::code`] returns, in the order of the variants.
        pub const CODES: &[&str] = &[$($code),*];

        impl Error {
            /// The stable kebab-case code, one of [`CODES`].
            #[must_use]
            pub fn code(&self) -> &'static str {
                match self {
                    $(Self::$variant { .. } => $code,)*
                }
            }

            /// What the user can do next, in one sentence.
            #[must_use]
            pub fn hint(&self) -> &'static str {
                match self {
                    $(Self::$variant { .. } => $hint,)*
                }
            }
        }
    };
}

codes! {
    InvalidImage => "invalid-image", "Open a picture, as PNG, JPEG, WebP, GIF or BMP.";
    UnsupportedImage => "unsupported-image", "Save it as PNG or JPEG and open that.";
    ImageTooLarge => "image-too-large", "Scale the picture down and open it again.";
    InvalidQuery => "invalid-query", "Change the question, click or box and try again.";
    PromptTooLong => "prompt-too-long", "Ask a shorter question or allow fewer tiles.";
    WebGpuUnavailable => "webgpu-unavailable", "Use a browser with WebGPU, or run the small model on the CPU.";
    DeviceLost => "device-lost", "Load the model again.";
    OutOfMemory => "out-of-memory", "Close other tabs or choose a smaller model.";
    GpuResultInvalid => "gpu-result-invalid", "Run on the CPU, or update the browser and the graphics driver.";
    Network => "network", "Check the connection and the address, then try again.";
    Integrity => "integrity", "Get this file of the model again.";
    WeightsMismatch => "weights-mismatch", "Use config.json and weights of the same release, unmixed.";
    UnsupportedModel => "unsupported-model", "Use a Sa2VA model with safetensors weights, as published or as `askmask quantize` wrote it.";
    Cancelled => "cancelled", "Start again when ready.";
    Internal => "internal", "Reload the page; if it happens again, report it.";
}

/// Lists the first names of each kind of mismatch.
fn mismatch(missing: &[String], unused: &[String], misshapen: &[String]) -> String {
    [
        ("missing", missing),
        ("unused", unused),
        ("misshapen", misshapen),
    ]
    .into_iter()
    .filter(|(_, names)| !names.is_empty())
    .map(|(kind, names)| format!("{} {kind}: {}", names.len(), first_names(names)))
    .collect::<Vec<_>>()
    .join("; ")
}

fn first_names(names: &[String]) -> String {
    let listed = names[..names.len().min(LISTED_NAMES)].join(", ");
    if names.len() > LISTED_NAMES {
        format!("{listed}, …")
    } else {
        listed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_kebab_case_and_distinct() {
        let mut seen = std::collections::BTreeSet::new();
        for code in CODES {
            assert!(
                code.chars().all(|c| c.is_ascii_lowercase() || c == '-'),
                "{code}"
            );
            assert!(seen.insert(code), "{code} twice");
        }
        assert!(CODES.contains(&Error::Cancelled.code()));
    }

    #[test]
    fn mismatch_lists_the_first_twenty_names() {
        let error = Error::WeightsMismatch {
            missing: (0..25).map(|i| format!("m{i}.weight")).collect(),
            unused: vec!["extra".into()],
            misshapen: vec![],
        };
        let text = error.to_string();
        assert!(text.contains("25 missing: m0.weight"), "{text}");
        assert!(text.contains("m19.weight, …"), "{text}");
        assert!(!text.contains("m20.weight"), "{text}");
        assert!(text.contains("1 unused: extra"), "{text}");
        assert!(!text.contains("misshapen"), "{text}");
    }
}
