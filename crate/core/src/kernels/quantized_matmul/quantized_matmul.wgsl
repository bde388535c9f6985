// y[m, n] = sum over k of x[m, k] * (q[n, k] * scale[n, k / group] + bias[n, k / group]).
// One invocation makes ROWS rows of one output column, so that every weight is unpacked once
// for ROWS products.
//
// Inputs are declared read_write like the output: all of them may lie in one pooled buffer, and a
// buffer may not be bound both read-only and writable in one dispatch.

@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> packed: array<u32>;
// One word a group: scale in the low half, bias in the high half, both f16.
@group(0) @binding(2) var<storage, read_write> groups: array<u32>;
// rows, inputs, outputs, words a group.
@group(0) @binding(3) var<storage, read_write> sizes: array<u32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

const ROWS = {{ rows }}u;
const BITS = {{ bits }}u;
const LANES = 32u / BITS;
const MASK = (1u << BITS) - 1u;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let rows = sizes[0];
    let inputs = sizes[1];
    let outputs = sizes[2];
    let group_words = sizes[3];
    let n = id.x;
    let first = id.y * ROWS;
    if (n >= outputs) {
        return;
    }
    let row_words = inputs / LANES;
    let row_groups = row_words / group_words;
    var sum: array<f32, ROWS>;
    for (var g = 0u; g < row_groups; g += 1u) {
        let affine = unpack2x16float(groups[n * row_groups + g]);
        for (var w = 0u; w < group_words; w += 1u) {
            let at = g * group_words + w;
            var word = packed[n * row_words + at];
            for (var lane = 0u; lane < LANES; lane += 1u) {
                let weight = f32(word & MASK) * affine.x + affine.y;
                word = word >> BITS;
                let k = at * LANES + lane;
                for (var r = 0u; r < ROWS; r += 1u) {
                    // Rows past the end repeat the last one and are not written.
                    let m = min(first + r, rows - 1u);
                    sum[r] += weight * x[m * inputs + k];
                }
            }
        }
    }
    for (var r = 0u; r < ROWS; r += 1u) {
        if (first + r < rows) {
            y[(first + r) * outputs + n] = sum[r];
        }
    }
}
