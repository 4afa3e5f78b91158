//! The values of a page as Parquet's physical types have them, without nulls.

use arrow::array::{ArrayData, AsArray};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{ArrowNativeType, DataType};
use parquet::basic::Type;

/// The values of a page that are not null.
#[derive(Debug, Clone, Copy)]
pub(super) enum PageValues<'a> {
    /// Bits, the lowest of a byte first, and how many they are.
    Bits(&'a [u8], usize),
    Int32(&'a [i32]),
    Int64(&'a [i64]),
    Float(&'a [f32]),
    Double(&'a [f64]),
    /// `offsets` say where in `bytes` each text begins, and where the last one ends.
    Text {
        offsets: &'a [i32],
        bytes: &'a [u8],
    },
    /// Values of so many bytes each.
    Fixed(&'a [u8], usize),
}

/// Room for values that do not stand in their array as they are in the file.
#[derive(Debug, Default)]
// Values that must be widened or gathered around nulls are put here: one buffer of each type a
// worker, not one a page.
pub(super) struct Room {
    int32: Vec<i32>,
    int64: Vec<i64>,
    float: Vec<f32>,
    double: Vec<f64>,
    bytes: Vec<u8>,
    offsets: Vec<i32>,
}

impl PageValues<'_> {
    /// How many they are.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Bits(_, length) => *length,
            Self::Int32(values) => values.len(),
            Self::Int64(values) => values.len(),
            Self::Float(values) => values.len(),
            Self::Double(values) => values.len(),
            Self::Text { offsets, .. } => offsets.len().saturating_sub(1),
            Self::Fixed(_, 0) => 0,
            Self::Fixed(bytes, width) => bytes.len() / width,
        }
    }

    /// The bytes of all texts together; none for other types.
    pub(super) fn text_length(&self) -> Option<i64> {
        match self {
            Self::Text { offsets, .. } => {
                let ends = offsets.first().zip(offsets.last());
                Some(ends.map_or(0, |(first, last)| i64::from(last - first)))
            }
            _ => None,
        }
    }

    /// The bytes of one value, as `PLAIN` has them without the length of a text.
    pub(super) fn value(&self, place: usize) -> Vec<u8> {
        match self {
            Self::Bits(bytes, _) => vec![bytes[place / 8] >> (place % 8) & 1],
            Self::Int32(values) => values[place].to_le_bytes().to_vec(),
            Self::Int64(values) => values[place].to_le_bytes().to_vec(),
            Self::Float(values) => values[place].to_le_bytes().to_vec(),
            Self::Double(values) => values[place].to_le_bytes().to_vec(),
            Self::Text { offsets, bytes } => {
                bytes[offsets[place] as usize..offsets[place + 1] as usize].to_vec()
            }
            Self::Fixed(bytes, width) => bytes[place * width..(place + 1) * width].to_vec(),
        }
    }
}

/// True if arrays of this type become values of this physical type here.
pub(super) fn known(data_type: &DataType, physical: Type) -> bool {
    use DataType::*;
    match physical {
        Type::BOOLEAN => *data_type == Boolean,
        Type::INT32 => matches!(
            data_type,
            Int8 | Int16
                | Int32
                | UInt8
                | UInt16
                | UInt32
                | Date32
                | Time32(_)
                | Decimal32(..)
                | Decimal64(..)
                | Decimal128(..)
        ),
        Type::INT64 => matches!(
            data_type,
            Int64
                | UInt64
                | Date64
                | Time64(_)
                | Timestamp(..)
                | Duration(_)
                | Decimal64(..)
                | Decimal128(..)
        ),
        Type::FLOAT => *data_type == Float32,
        Type::DOUBLE => *data_type == Float64,
        Type::BYTE_ARRAY => matches!(
            data_type,
            Utf8 | LargeUtf8 | Utf8View | Binary | LargeBinary | BinaryView
        ),
        Type::FIXED_LEN_BYTE_ARRAY => {
            matches!(
                data_type,
                Float16 | Decimal32(..) | Decimal64(..) | Decimal128(..)
            ) || matches!(data_type, FixedSizeBinary(width) if *width > 0)
        }
        // Deprecated; nothing here asks the library for it.
        Type::INT96 => false,
    }
}

/// The values of an array of a `known` type that are not null. `width` is that of fixed values.
pub(super) fn of<'a>(
    data: &'a ArrayData,
    physical: Type,
    width: usize,
    room: &'a mut Room,
) -> PageValues<'a> {
    use DataType::*;
    let kind = data.data_type();
    match (physical, kind) {
        (Type::BOOLEAN, _) => bits(data, &mut room.bytes),
        (Type::INT32, Int8) => PageValues::Int32(map(data, |v: i8| v.into(), &mut room.int32)),
        (Type::INT32, Int16) => PageValues::Int32(map(data, |v: i16| v.into(), &mut room.int32)),
        (Type::INT32, UInt8) => PageValues::Int32(map(data, |v: u8| v.into(), &mut room.int32)),
        (Type::INT32, UInt16) => PageValues::Int32(map(data, |v: u16| v.into(), &mut room.int32)),
        (Type::INT32, Decimal64(..)) => {
            PageValues::Int32(map(data, |v: i64| v as i32, &mut room.int32))
        }
        (Type::INT32, Decimal128(..)) => {
            PageValues::Int32(map(data, |v: i128| v as i32, &mut room.int32))
        }
        (Type::INT64, Decimal128(..)) => {
            PageValues::Int64(map(data, |v: i128| v as i64, &mut room.int64))
        }
        // Without nulls the array's own memory is the page's values: nothing is copied.
        (Type::INT32, _) => PageValues::Int32(copied(data, &mut room.int32)),
        (Type::INT64 | Type::INT96, _) => PageValues::Int64(copied(data, &mut room.int64)),
        (Type::FLOAT, _) => PageValues::Float(copied(data, &mut room.float)),
        (Type::DOUBLE, _) => PageValues::Double(copied(data, &mut room.double)),
        (Type::BYTE_ARRAY, Utf8 | Binary) => text::<i32>(data, room),
        (Type::BYTE_ARRAY, LargeUtf8 | LargeBinary) => text::<i64>(data, room),
        (Type::BYTE_ARRAY, _) => views(data, room),
        (Type::FIXED_LEN_BYTE_ARRAY, Decimal32(..)) => {
            big_endian(data, |v: i32| v.into(), width, &mut room.bytes)
        }
        (Type::FIXED_LEN_BYTE_ARRAY, Decimal64(..)) => {
            big_endian(data, |v: i64| v.into(), width, &mut room.bytes)
        }
        (Type::FIXED_LEN_BYTE_ARRAY, Decimal128(..)) => {
            big_endian(data, |v: i128| v, width, &mut room.bytes)
        }
        (Type::FIXED_LEN_BYTE_ARRAY, _) => fixed(data, width, &mut room.bytes),
    }
}

fn nulls(data: &ArrayData) -> Option<&NullBuffer> {
    data.nulls().filter(|nulls| nulls.null_count() > 0)
}

/// The values that are not null, each turned into another.
fn map<'a, T: ArrowNativeType, U: Copy + Default>(
    data: &ArrayData,
    into: impl Fn(T) -> U,
    room: &'a mut Vec<U>,
) -> &'a [U] {
    let values = &data.buffer::<T>(0)[..data.len()];
    room.clear();
    match nulls(data) {
        None => room.extend(values.iter().map(|value| into(*value))),
        Some(nulls) => {
            // Each is written and the place goes on where it stands: no branch to guess wrong.
            room.resize(values.len() + 1, U::default());
            let mut at = 0;
            for (value, stands) in values.iter().zip(nulls.iter()) {
                room[at] = into(*value);
                at += usize::from(stands);
            }
            room.truncate(at);
        }
    }
    room
}

/// The values that are not null, where they stand if there is no null among them.
fn copied<'a, T: ArrowNativeType>(data: &'a ArrayData, room: &'a mut Vec<T>) -> &'a [T] {
    match nulls(data) {
        None => &data.buffer::<T>(0)[..data.len()],
        Some(_) => map(data, |value: T| value, room),
    }
}

fn bits<'a>(data: &ArrayData, room: &'a mut Vec<u8>) -> PageValues<'a> {
    let array = arrow::array::BooleanArray::from(data.clone());
    let array = match nulls(data) {
        None => array,
        // Bit by bit, as bits around nulls have to move anyway. Nobody has asked for more speed of
        // truth values with nulls.
        Some(_) => arrow::array::BooleanArray::from_iter(array.iter().flatten().map(Some)),
    };
    room.clear();
    pack_bits(array.values(), room);
    PageValues::Bits(room, array.len())
}

/// Adds bits, with zeros after the last one.
pub(super) fn pack_bits(bits: &arrow::buffer::BooleanBuffer, out: &mut Vec<u8>) {
    let chunks = bits.bit_chunks();
    let start = out.len();
    for word in chunks.iter_padded() {
        out.extend_from_slice(&word.to_le_bytes());
    }
    out.truncate(start + bits.len().div_ceil(8));
}

fn big_endian<'a, T: ArrowNativeType>(
    data: &ArrayData,
    widen: impl Fn(T) -> i128,
    width: usize,
    room: &'a mut Vec<u8>,
) -> PageValues<'a> {
    let values = &data.buffer::<T>(0)[..data.len()];
    room.clear();
    let mut add = |value: T| room.extend_from_slice(&widen(value).to_be_bytes()[16 - width..]);
    match nulls(data) {
        None => values.iter().for_each(|value| add(*value)),
        Some(nulls) => nulls.valid_indices().for_each(|place| add(values[place])),
    }
    PageValues::Fixed(room, width)
}

fn fixed<'a>(data: &'a ArrayData, width: usize, room: &'a mut Vec<u8>) -> PageValues<'a> {
    let start = data.offset() * width;
    let bytes = &data.buffers()[0].as_slice()[start..start + data.len() * width];
    let Some(nulls) = nulls(data) else {
        return PageValues::Fixed(bytes, width);
    };
    room.clear();
    for place in nulls.valid_indices() {
        room.extend_from_slice(&bytes[place * width..(place + 1) * width]);
    }
    PageValues::Fixed(room, width)
}

fn text<'a, O: ArrowNativeType>(data: &'a ArrayData, room: &'a mut Room) -> PageValues<'a> {
    let offsets = &data.buffer::<O>(0)[..data.len() + 1];
    let bytes = data.buffers()[1].as_slice();
    // A slice of an array has offsets that do not begin at 0, which a page's have to.
    let first = offsets[0].as_usize();
    let Some(nulls) = nulls(data) else {
        let bytes = &bytes[first..];
        if first == 0 && size_of::<O>() == size_of::<i32>() {
            let offsets = &data.buffer::<i32>(0)[..data.len() + 1];
            return PageValues::Text { offsets, bytes };
        }
        room.offsets.clear();
        let from_first = |offset: &O| (offset.as_usize() - first) as i32;
        room.offsets.extend(offsets.iter().map(from_first));
        let offsets = &room.offsets;
        return PageValues::Text { offsets, bytes };
    };
    let places = nulls.valid_indices();
    let texts =
        places.map(|place| &bytes[offsets[place].as_usize()..offsets[place + 1].as_usize()]);
    gather(texts, &mut room.offsets, &mut room.bytes)
}

fn views<'a>(data: &ArrayData, room: &'a mut Room) -> PageValues<'a> {
    let array = arrow::array::make_array(data.clone());
    let (offsets, bytes) = (&mut room.offsets, &mut room.bytes);
    match data.data_type() {
        DataType::Utf8View => {
            let texts = array.as_string_view().iter().flatten();
            gather(texts.map(str::as_bytes), offsets, bytes)
        }
        _ => gather(array.as_binary_view().iter().flatten(), offsets, bytes),
    }
}

fn gather<'a, 'b>(
    texts: impl Iterator<Item = &'b [u8]>,
    offsets: &'a mut Vec<i32>,
    bytes: &'a mut Vec<u8>,
) -> PageValues<'a> {
    offsets.clear();
    bytes.clear();
    offsets.push(0);
    for text in texts {
        bytes.extend_from_slice(text);
        offsets.push(bytes.len() as i32);
    }
    PageValues::Text { offsets, bytes }
}
