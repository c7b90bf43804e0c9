//! The products of group elements that check a ballot on Ed25519, for `isoloir_ballots.groups`.
//!
//! Everything here is public (ciphertexts, proofs, the election's key), so time may depend on it. What is hashed, in
//! which order and with which outcome stays in Python: this module only multiplies, and refuses what is no element.

use curve25519_dalek::constants::{ED25519_BASEPOINT_POINT, ED25519_BASEPOINT_TABLE};
use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint, VartimeEdwardsPrecomputation};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::{IsIdentity, VartimePrecomputedMultiscalarMul};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

const P: [u8; 32] = {
    let mut p = [0xff; 32]; // 2^255 − 19, little-endian
    p[0] = 0xed;
    p[31] = 0x7f;
    p
};

/// The point of these 32 bytes, if they are the one way to write a point of order q.
fn element(bytes: &[u8]) -> Option<EdwardsPoint> {
    let compressed = CompressedEdwardsY::from_slice(bytes).ok()?;
    let mut y = compressed.to_bytes();
    y[31] &= 0x7f;
    if y.iter().rev().ge(P.iter().rev()) {
        return None; // `decompress` would reduce it
    }
    let point = compressed.decompress()?;
    // (q − 1)P = −P exactly if qP is the identity.
    let minus = EdwardsPoint::vartime_double_scalar_mul_basepoint(&-Scalar::ONE, &point, &Scalar::ZERO);
    (!point.is_identity() && minus == -point).then_some(point)
}

/// The scalar of these 32 bytes, if below q.
fn scalar(bytes: &[u8]) -> Option<Scalar> {
    Scalar::from_canonical_bytes(bytes.try_into().ok()?).into()
}

/// `point` less `times` the generator.
fn shifted(point: EdwardsPoint, times: u32) -> EdwardsPoint {
    match times {
        0 => point,
        1 => point - ED25519_BASEPOINT_POINT,
        _ => point - ED25519_BASEPOINT_TABLE * &Scalar::from(times),
    }
}

/// One branch of a disjunction: the product of the ciphertexts `first..last`, less `offset` in the exponent.
type Branch = (usize, usize, u32);

/// The public key of an election, with tables for its powers.
#[pyclass(frozen, module = "isoloir_ballots_fast")]
struct PublicKey(VartimeEdwardsPrecomputation);

#[pymethods]
impl PublicKey {
    /// From 32 bytes (RFC 8032, section 5.1.2); ValueError unless an element of order q.
    #[new]
    fn new(y: &[u8]) -> PyResult<Self> {
        let y = element(y).ok_or_else(|| PyValueError::new_err("not an element of order q"))?;
        Ok(Self(VartimeEdwardsPrecomputation::new([y])))
    }

    /// For each branch g^r α^c and y^r β^c, 32 bytes each, one after the other.
    ///
    /// `ciphertexts` holds α and β of each, 64 bytes; `numbers` c and r of each branch, little-endian, 64 bytes.
    /// ValueError if one of them is not an element of order q or not below q. The interpreter's lock is released.
    fn commitments(
        &self, py: Python<'_>, ciphertexts: &[u8], branches: Vec<Branch>, numbers: &[u8],
    ) -> PyResult<Vec<u8>> {
        py.allow_threads(|| self.multiply(ciphertexts, &branches, numbers))
            .ok_or_else(|| PyValueError::new_err("not elements of order q and numbers below q"))
    }
}

impl PublicKey {
    fn multiply(&self, ciphertexts: &[u8], branches: &[Branch], numbers: &[u8]) -> Option<Vec<u8>> {
        let pairs = ciphertexts
            .chunks(64)
            .map(|pair| Some((element(pair.get(..32)?)?, element(pair.get(32..)?)?)))
            .collect::<Option<Vec<_>>>()?;
        if numbers.len() != 64 * branches.len() {
            return None;
        }
        let mut made = Vec::with_capacity(64 * branches.len());
        let mut last_sum = None;
        for (&(first, last, offset), numbers) in branches.iter().zip(numbers.chunks_exact(64)) {
            let (c, r) = (scalar(&numbers[..32])?, scalar(&numbers[32..])?);
            let (alpha, beta) = match last_sum {
                Some((columns, sum)) if columns == (first, last) => sum,
                _ => {
                    let columns = pairs.get(first..last)?;
                    (columns.iter().map(|pair| pair.0).sum(), columns.iter().map(|pair| pair.1).sum())
                }
            };
            last_sum = Some(((first, last), (alpha, beta)));
            let a = EdwardsPoint::vartime_double_scalar_mul_basepoint(&c, &alpha, &r);
            let b = self.0.vartime_mixed_multiscalar_mul([r], [c], [shifted(beta, offset)]);
            made.extend_from_slice(a.compress().as_bytes());
            made.extend_from_slice(b.compress().as_bytes());
        }
        Some(made)
    }
}

/// The products that check a ballot on Ed25519, by curve25519-dalek.
#[pymodule]
fn isoloir_ballots_fast(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<PublicKey>()
}
