//! Nodes to any type, by serde. A fault gets the place of the nearest node and the path on its way out.

use serde::de::{self, DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, VariantAccess, Visitor};

use super::fault::Fail;
use super::node::{Key, Node, Value};

/// Reads a node.
#[derive(Clone, Copy)]
pub struct Reader<'a>(pub &'a Node);

impl<'a> Reader<'a> {
    fn read<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Fail> {
        match &self.0.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(b) => visitor.visit_bool(*b),
            Value::Int(n) => visitor.visit_i64(*n),
            Value::UInt(n) => visitor.visit_u64(*n),
            Value::Float(n) => visitor.visit_f64(*n),
            Value::Text(text) => visitor.visit_borrowed_str(text),
            Value::List(items) => visitor.visit_seq(List { items: items.iter(), index: 0 }),
            Value::Map(entries) => visitor.visit_map(Map { entries: entries.iter(), value: None }),
        }
    }
}

impl<'a> Deserializer<'a> for Reader<'a> {
    type Error = Fail;

    fn deserialize_any<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Fail> {
        self.read(visitor).map_err(|fail| fail.or_at(self.0))
    }

    fn deserialize_option<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Fail> {
        match self.0.value {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
        .map_err(|fail| fail.or_at(self.0))
    }

    fn deserialize_newtype_struct<V: Visitor<'a>>(self, _: &'static str, visitor: V) -> Result<V::Value, Fail> {
        visitor.visit_newtype_struct(self).map_err(|fail| fail.or_at(self.0))
    }

    /// A word, or a mapping of one key.
    fn deserialize_enum<V: Visitor<'a>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fail> {
        let _ = (name, variants);
        match &self.0.value {
            Value::Text(word) => visitor.visit_enum(word.as_str().into_deserializer()),
            Value::Map(entries) if entries.len() == 1 => visitor.visit_enum(Variant(&entries[0])),
            _ => Err(de::Error::invalid_type(self.0.unexpected(), &visitor)),
        }
        .map_err(|fail: Fail| fail.or_at(self.0))
    }

    serde::forward_to_deserialize_any! {
        <W: Visitor<'a>>
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        seq tuple tuple_struct map struct identifier ignored_any
    }
}

struct List<'a> {
    items: std::slice::Iter<'a, Node>,
    index: usize,
}

impl<'a> de::SeqAccess<'a> for List<'a> {
    type Error = Fail;

    fn next_element_seed<T: DeserializeSeed<'a>>(&mut self, seed: T) -> Result<Option<T::Value>, Fail> {
        let Some(node) = self.items.next() else { return Ok(None) };
        let index = self.index;
        self.index += 1;
        seed.deserialize(Reader(node)).map(Some).map_err(|fail| fail.or_at(node).below(index))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.items.len())
    }
}

struct Map<'a> {
    entries: std::slice::Iter<'a, (Key, Node)>,
    value: Option<&'a (Key, Node)>,
}

impl<'a> de::MapAccess<'a> for Map<'a> {
    type Error = Fail;

    fn next_key_seed<K: DeserializeSeed<'a>>(&mut self, seed: K) -> Result<Option<K::Value>, Fail> {
        self.value = self.entries.next();
        let Some((key, _)) = self.value else { return Ok(None) };
        seed.deserialize(de::value::BorrowedStrDeserializer::new(&key.text))
            .map(Some)
            .map_err(|fail: Fail| fail.or(key))
    }

    fn next_value_seed<V: DeserializeSeed<'a>>(&mut self, seed: V) -> Result<V::Value, Fail> {
        let Some((key, node)) = self.value else { return Err(de::Error::custom("a value before its key")) };
        seed.deserialize(Reader(node)).map_err(|fail| fail.or_at(node).below(&key.text))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.entries.len())
    }
}

/// `{variant: value}`.
struct Variant<'a>(&'a (Key, Node));

impl<'a> EnumAccess<'a> for Variant<'a> {
    type Error = Fail;
    type Variant = Variant<'a>;

    fn variant_seed<V: DeserializeSeed<'a>>(self, seed: V) -> Result<(V::Value, Variant<'a>), Fail> {
        let key = &self.0.0;
        let word: de::value::StrDeserializer<'_, Fail> = key.text.as_str().into_deserializer();
        seed.deserialize(word).map(|v| (v, self)).map_err(|fail: Fail| fail.or(key))
    }
}

impl<'a> Variant<'a> {
    fn below<T>(&self, result: Result<T, Fail>) -> Result<T, Fail> {
        result.map_err(|fail| fail.or_at(&self.0.1).below(&self.0.0.text))
    }
}

impl<'a> VariantAccess<'a> for Variant<'a> {
    type Error = Fail;

    fn unit_variant(self) -> Result<(), Fail> {
        self.below(serde::Deserialize::deserialize(Reader(&self.0.1)))
    }

    fn newtype_variant_seed<T: DeserializeSeed<'a>>(self, seed: T) -> Result<T::Value, Fail> {
        self.below(seed.deserialize(Reader(&self.0.1)))
    }

    fn tuple_variant<V: Visitor<'a>>(self, _: usize, visitor: V) -> Result<V::Value, Fail> {
        self.below(Reader(&self.0.1).deserialize_any(visitor))
    }

    fn struct_variant<V: Visitor<'a>>(self, _: &'static [&'static str], visitor: V) -> Result<V::Value, Fail> {
        self.below(Reader(&self.0.1).deserialize_any(visitor))
    }
}
