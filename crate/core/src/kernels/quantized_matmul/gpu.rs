//! Products with a quantized matrix on the GPU, in WGSL.

use burn::backend::wgpu::{
    CubeDim, CubeTensor, KernelSource, SourceKernel, SourceTemplate, Wgpu, into_contiguous,
};
use burn::tensor::{DType, Device, Int, Shape, Tensor, TensorData};
use cubecl::prelude::{CubeCount, KernelId};
use cubecl::server::KernelArguments;

use super::matrix::Quantized;

/// Rows a single invocation makes when there are several.
const ROWS: usize = 4;
const WORKGROUP: usize = 64;
/// Storage buffers that the shader sees at once.
pub const BINDINGS: usize = 5;

/// A quantized matrix in GPU memory, packed as in the file.
#[derive(Debug, Clone)]
pub struct Matrix {
    packed: Tensor<1, Int>,
    /// Scale and bias of one group in each word, so that the kernel loads both at once.
    groups: Tensor<1, Int>,
    rows: usize,
    columns: usize,
    bits: u32,
    group_words: usize,
}

impl Matrix {
    pub fn upload(table: Quantized, device: &Device) -> Self {
        let words = |values: Vec<u32>| {
            let count = values.len();
            Tensor::from_data(TensorData::new(values, [count]), (device, DType::U32))
        };
        let params = table.params();
        let (rows, columns) = (table.rows(), table.columns());
        let groups = table
            .scales()
            .iter()
            .zip(table.biases())
            .map(|(scale, bias)| u32::from(scale.to_bits()) | u32::from(bias.to_bits()) << 16)
            .collect();
        Self {
            groups: words(groups),
            packed: words(table.into_packed()),
            rows,
            columns,
            bits: params.bits,
            group_words: params.group_size * params.bits as usize / 32,
        }
    }

    /// `[rows, in]` → `[rows, out]`.
    pub fn matmul(&self, x: Tensor<2>) -> Tensor<2> {
        let [rows, _] = x.dims();
        let shape = Shape::new([rows, self.rows]);
        let (Ok(x), Ok(packed), Ok(groups)) = (
            x.try_into_primitive::<Wgpu>(),
            self.packed.clone().try_into_primitive::<Wgpu>(),
            self.groups.clone().try_into_primitive::<Wgpu>(),
        ) else {
            // A `Matrix` exists only on a GPU device, and so does everything it meets.
            unreachable!("activations and weights are on the same device");
        };
        let x = into_contiguous(x);
        let client = x.client.clone();
        let sizes = [rows, self.columns, self.rows, self.group_words].map(|v| v as u32);
        let sizes = client.create_from_slice(bytemuck::cast_slice(&sizes));
        let out = client.empty(rows * self.rows * size_of::<f32>());
        let kernel = QuantizedMatmul {
            rows: if rows == 1 { 1 } else { ROWS },
            bits: self.bits,
        };
        let count = CubeCount::Static(
            self.rows.div_ceil(WORKGROUP) as u32,
            rows.div_ceil(kernel.rows) as u32,
            1,
        );
        let dim = CubeDim::new_1d(WORKGROUP as u32);
        let buffers: [_; BINDINGS] = [
            x.handle.clone().binding(),
            packed.handle.binding(),
            groups.handle.binding(),
            sizes.binding(),
            out.clone().binding(),
        ];
        client.launch(
            Box::new(SourceKernel::new(kernel, dim)),
            count,
            KernelArguments::new().with_buffers(buffers.into()),
        );
        let y = CubeTensor::new_contiguous(client, x.device, shape, out, DType::F32);
        Tensor::from_primitive::<Wgpu>(y)
    }
}

/// The shader, specialized by rows an invocation and bits a weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct QuantizedMatmul {
    rows: usize,
    bits: u32,
}

impl KernelSource for QuantizedMatmul {
    fn source(&self) -> SourceTemplate {
        SourceTemplate::new(include_str!("quantized_matmul.wgsl"))
            .register("rows", self.rows.to_string())
            .register("bits", self.bits.to_string())
    }

    fn id(&self) -> KernelId {
        KernelId::new::<Self>().info(*self)
    }

    fn lang(&self) -> &'static str {
        "wgsl"
    }
}
