//! The fields of the standard, typed where Pipewright reads them.

use serde::Deserialize;
use serde::de::IgnoredAny;

/// A data contract.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Document {
    pub api_version: String,
    pub kind: String,
    pub id: String,
    #[serde(rename = "version")]
    _version: String,
    #[serde(default)]
    pub description: Option<Description>,
    #[serde(default)]
    pub schema: Option<Vec<Table>>,
    #[serde(default, rename = "name")]
    _name: Option<String>,
    #[serde(default)]
    pub status: Option<String>,
    #[serde(default, rename = "tenant")]
    _tenant: Option<IgnoredAny>,
    #[serde(default, rename = "tags")]
    _tags: Option<Vec<String>>,
    #[serde(default, rename = "servers")]
    _servers: Option<IgnoredAny>,
    #[serde(default, rename = "dataProduct")]
    _data_product: Option<IgnoredAny>,
    #[serde(default, rename = "domain")]
    _domain: Option<IgnoredAny>,
    #[serde(default, rename = "context")]
    _context: Option<IgnoredAny>,
    #[serde(default, rename = "support")]
    _support: Option<IgnoredAny>,
    #[serde(default, rename = "price")]
    _price: Option<IgnoredAny>,
    #[serde(default, rename = "team")]
    _team: Option<IgnoredAny>,
    #[serde(default, rename = "roles")]
    _roles: Option<IgnoredAny>,
    #[serde(default, rename = "slaDefaultElement")]
    _sla_default_element: Option<IgnoredAny>,
    #[serde(default, rename = "slaProperties")]
    _sla_properties: Option<IgnoredAny>,
    #[serde(default, rename = "authoritativeDefinitions")]
    _authoritative_definitions: Option<IgnoredAny>,
    #[serde(default, rename = "customProperties")]
    _custom_properties: Option<Vec<CustomProperty>>,
    #[serde(default, rename = "contractCreatedTs")]
    _contract_created_ts: Option<IgnoredAny>,
}

/// What the contract is for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Description {
    #[serde(default)]
    pub purpose: Option<String>,
    #[serde(default, rename = "usage")]
    _usage: Option<IgnoredAny>,
    #[serde(default, rename = "limitations")]
    _limitations: Option<IgnoredAny>,
    #[serde(default, rename = "authoritativeDefinitions")]
    _authoritative_definitions: Option<IgnoredAny>,
    #[serde(default, rename = "customProperties")]
    _custom_properties: Option<IgnoredAny>,
}

/// A table.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Table {
    pub name: String,
    #[serde(default)]
    pub physical_name: Option<String>,
    #[serde(default)]
    pub physical_type: Option<String>,
    #[serde(default)]
    pub description: Option<String>,
    #[serde(default)]
    pub properties: Option<Vec<Property>>,
    #[serde(default)]
    pub relationships: Vec<TableRelationship>,
    #[serde(default)]
    pub custom_properties: Vec<CustomProperty>,
    #[serde(default, rename = "id")]
    _id: Option<IgnoredAny>,
    #[serde(default, rename = "logicalType")]
    _logical_type: Option<LogicalType>,
    #[serde(default, rename = "businessName")]
    _business_name: Option<IgnoredAny>,
    #[serde(default, rename = "deprecated")]
    _deprecated: Option<IgnoredAny>,
    #[serde(default, rename = "synonyms")]
    _synonyms: Option<IgnoredAny>,
    #[serde(default, rename = "authoritativeDefinitions")]
    _authoritative_definitions: Option<IgnoredAny>,
    #[serde(default, rename = "tags")]
    _tags: Option<Vec<String>>,
    #[serde(default, rename = "dataGranularityDescription")]
    _data_granularity_description: Option<IgnoredAny>,
    #[serde(default, rename = "quality")]
    _quality: Option<IgnoredAny>,
    #[serde(default, rename = "context")]
    _context: Option<IgnoredAny>,
}

/// A column.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Property {
    pub name: String,
    #[serde(default)]
    pub physical_name: Option<String>,
    #[serde(default)]
    pub physical_type: Option<String>,
    #[serde(default)]
    pub logical_type: Option<LogicalType>,
    #[serde(default)]
    pub logical_type_options: Option<serde_json::Map<String, serde_json::Value>>,
    #[serde(default)]
    pub description: Option<String>,
    #[serde(default)]
    pub required: bool,
    #[serde(default)]
    pub unique: bool,
    #[serde(default)]
    pub primary_key: bool,
    #[serde(default)]
    pub primary_key_position: Option<i64>,
    #[serde(default)]
    pub relationships: Vec<Relationship>,
    #[serde(default, rename = "enum")]
    pub values: Vec<EnumValue>,
    #[serde(default)]
    pub examples: Vec<serde_json::Value>,
    #[serde(default)]
    pub tags: Vec<String>,
    #[serde(default)]
    pub custom_properties: Vec<CustomProperty>,
    #[serde(default, rename = "id")]
    _id: Option<IgnoredAny>,
    #[serde(default, rename = "businessName")]
    _business_name: Option<IgnoredAny>,
    #[serde(default, rename = "deprecated")]
    _deprecated: Option<IgnoredAny>,
    #[serde(default, rename = "synonyms")]
    _synonyms: Option<IgnoredAny>,
    #[serde(default, rename = "authoritativeDefinitions")]
    _authoritative_definitions: Option<IgnoredAny>,
    #[serde(default, rename = "semanticType")]
    _semantic_type: Option<IgnoredAny>,
    #[serde(default, rename = "partitioned")]
    _partitioned: Option<IgnoredAny>,
    #[serde(default, rename = "partitionKeyPosition")]
    _partition_key_position: Option<IgnoredAny>,
    #[serde(default, rename = "classification")]
    _classification: Option<IgnoredAny>,
    #[serde(default, rename = "encryptedName")]
    _encrypted_name: Option<IgnoredAny>,
    #[serde(default, rename = "transformSourceObjects")]
    _transform_source_objects: Option<IgnoredAny>,
    #[serde(default, rename = "transformLogic")]
    _transform_logic: Option<IgnoredAny>,
    #[serde(default, rename = "transformDescription")]
    _transform_description: Option<IgnoredAny>,
    #[serde(default, rename = "criticalDataElement")]
    _critical_data_element: Option<IgnoredAny>,
    #[serde(default, rename = "quality")]
    _quality: Option<IgnoredAny>,
    #[serde(default, rename = "properties")]
    _properties: Option<IgnoredAny>,
    #[serde(default, rename = "items")]
    _items: Option<IgnoredAny>,
}

/// What a column's values are, whatever the database.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum LogicalType {
    String,
    Date,
    Timestamp,
    Time,
    Number,
    Integer,
    Object,
    Array,
    Boolean,
    Map,
    Vector,
}

impl LogicalType {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            LogicalType::String => "string",
            LogicalType::Date => "date",
            LogicalType::Timestamp => "timestamp",
            LogicalType::Time => "time",
            LogicalType::Number => "number",
            LogicalType::Integer => "integer",
            LogicalType::Object => "object",
            LogicalType::Array => "array",
            LogicalType::Boolean => "boolean",
            LogicalType::Map => "map",
            LogicalType::Vector => "vector",
        }
    }
}

/// A foreign key of one column.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Relationship {
    pub to: serde_json::Value,
    #[serde(default)]
    pub custom_properties: Vec<CustomProperty>,
    #[serde(default, rename = "id")]
    _id: Option<IgnoredAny>,
    #[serde(default, rename = "type")]
    _type: Option<RelationshipType>,
}

/// A foreign key of a table.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct TableRelationship {
    pub from: serde_json::Value,
    pub to: serde_json::Value,
    #[serde(default, rename = "customProperties")]
    _custom_properties: Option<IgnoredAny>,
    #[serde(default, rename = "id")]
    _id: Option<IgnoredAny>,
    #[serde(default, rename = "type")]
    _type: Option<RelationshipType>,
}

/// The one kind of relationship.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RelationshipType {
    ForeignKey,
}

/// A value that a column may have.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct EnumValue {
    pub value: serde_json::Value,
    #[serde(default, rename = "label")]
    _label: Option<IgnoredAny>,
    #[serde(default, rename = "id")]
    _id: Option<IgnoredAny>,
    #[serde(default, rename = "description")]
    _description: Option<IgnoredAny>,
    #[serde(default, rename = "customProperties")]
    _custom_properties: Option<IgnoredAny>,
    #[serde(default, rename = "authoritativeDefinitions")]
    _authoritative_definitions: Option<IgnoredAny>,
    #[serde(default, rename = "tags")]
    _tags: Option<IgnoredAny>,
}

/// What a tool adds to the standard.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct CustomProperty {
    pub property: String,
    pub value: serde_json::Value,
    #[serde(default, rename = "id")]
    _id: Option<IgnoredAny>,
    #[serde(default, rename = "description")]
    _description: Option<IgnoredAny>,
    #[serde(default, rename = "vendor")]
    _vendor: Option<IgnoredAny>,
}
