//! What the name of a column says, and how surely.

use super::DataType;

/// A kind of personal data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// An address of e-mail.
    Email,
    /// Number of a card or an account.
    Payment,
    /// Number of a person: social security, tax, passport.
    NationalId,
    /// Telephone number.
    Phone,
    /// Address of a device.
    IpAddress,
    /// Name of a person.
    Name,
    /// Where somebody lives, or a part of it.
    Address,
    /// Day of birth.
    BirthDate,
    /// Gender.
    Gender,
    /// Password.
    Credential,
}

impl Kind {
    /// The tag of a column that holds it.
    pub fn tag(self) -> &'static str {
        match self {
            Kind::Email => "pii.email",
            Kind::Payment => "pii.payment",
            Kind::NationalId => "pii.national_id",
            Kind::Phone => "pii.phone",
            Kind::IpAddress => "pii.ip_address",
            Kind::Name => "pii.name",
            Kind::Address => "pii.address",
            Kind::BirthDate => "pii.birth_date",
            Kind::Gender => "pii.gender",
            Kind::Credential => "pii.credential",
        }
    }
}

/// Tables whose `name` is that of a person.
const PEOPLE: &[&str] = &[
    "author",
    "authors",
    "client",
    "clients",
    "contact",
    "contacts",
    "customer",
    "customers",
    "driver",
    "drivers",
    "employee",
    "employees",
    "guest",
    "guests",
    "lead",
    "leads",
    "member",
    "members",
    "patient",
    "patients",
    "people",
    "person",
    "persons",
    "staff",
    "student",
    "students",
    "subscriber",
    "subscribers",
    "teacher",
    "teachers",
    "user",
    "users",
];

/// Words before `name` that make it that of a person.
const NAME_OF: &[&str] = &[
    "author",
    "billing",
    "cardholder",
    "client",
    "contact",
    "customer",
    "display",
    "driver",
    "employee",
    "family",
    "first",
    "full",
    "given",
    "guest",
    "holder",
    "last",
    "maiden",
    "manager",
    "member",
    "middle",
    "nick",
    "owner",
    "patient",
    "person",
    "recipient",
    "shipping",
    "sur",
    "user",
];

/// What is said of an address rather than the address itself.
const ABOUT: &[&str] = &[
    "at", "count", "domain", "enabled", "flag", "format", "id", "is", "kind", "opt", "status", "subject", "template",
    "type", "verified",
];

/// Words of what has a number but is nobody: its numbers are none of a card, a phone or a person.
const THINGS: &[&str] = &[
    "asin",
    "barcode",
    "batch",
    "build",
    "checksum",
    "coupon",
    "ean",
    "firmware",
    "guid",
    "gtin",
    "hash",
    "iccid",
    "imei",
    "invoice",
    "isbn",
    "issn",
    "item",
    "lot",
    "mac",
    "model",
    "mpn",
    "order",
    "part",
    "po",
    "product",
    "ref",
    "reference",
    "release",
    "serial",
    "sha",
    "shipment",
    "sku",
    "ticket",
    "token",
    "tracking",
    "upc",
    "uuid",
    "version",
    "voucher",
];

/// Words of what has a name but is nobody.
const NOBODY: &[&str] = &[
    "album",
    "artist",
    "band",
    "brand",
    "campaign",
    "category",
    "channel",
    "city",
    "class",
    "color",
    "colour",
    "company",
    "composer",
    "country",
    "department",
    "designer",
    "event",
    "family",
    "genre",
    "group",
    "industry",
    "item",
    "label",
    "language",
    "location",
    "make",
    "manufacturer",
    "market",
    "model",
    "organisation",
    "organization",
    "place",
    "product",
    "project",
    "province",
    "publisher",
    "region",
    "role",
    "series",
    "shop",
    "site",
    "state",
    "store",
    "style",
    "subject",
    "supplier",
    "team",
    "title",
    "topic",
    "town",
    "track",
    "type",
    "variant",
    "vendor",
    "venue",
    "warehouse",
];

/// The whole name says so.
const SURE: u8 = 85;
/// A word of it says so.
const LIKELY: u8 = 70;
/// It may be so, if the values agree.
const MAYBE: u8 = 35;

/// What the words of a column's name say.
pub struct Words<'a> {
    words: Vec<&'a str>,
    together: String,
    table: &'a str,
}

impl<'a> Words<'a> {
    /// Those of `table.column`.
    pub fn of(table: &'a str, column: &'a str) -> Words<'a> {
        Words { words: column.split('_').collect(), together: column.replace('_', ""), table }
    }

    fn has(&self, list: &[&str]) -> bool {
        self.words.iter().any(|w| list.contains(w))
    }

    fn is(&self, list: &[&str]) -> bool {
        list.contains(&self.together.as_str())
    }

    /// It numbers or names a thing, so digits in it are nobody's.
    pub fn is_thing(&self) -> bool {
        self.has(THINGS)
    }

    /// What is named so is no person.
    pub fn is_nobody(&self) -> bool {
        self.has(NOBODY) || self.has(THINGS)
    }

    /// The kind of personal data that the name says, and how surely, in percent.
    pub fn kind(&self, data_type: DataType) -> Option<(Kind, u8)> {
        let text = data_type == DataType::Text;
        if self.is(&["birthdate", "dateofbirth", "dob", "birthday", "bornon", "birthyear", "yearofbirth"])
            || self.is(&["geburtsdatum", "datenaissance", "fechanacimiento", "datanascita", "bornat", "born", "bday"])
        {
            return Some((Kind::BirthDate, SURE));
        }
        if !(text || data_type == DataType::Integer) {
            return None;
        }
        // The one `id` that is a person's own.
        if self.is(&["nationalid"]) {
            return Some((Kind::NationalId, SURE));
        }
        if self.has(ABOUT) {
            return None;
        }
        self.number(text).or_else(|| self.place(text)).or_else(|| if text { self.person() } else { None })
    }

    /// Addresses of mail, and numbers of phones, persons and cards.
    fn number(&self, text: bool) -> Option<(Kind, u8)> {
        if text && self.is(&["email", "emailaddress", "mail", "mailaddress", "correo", "courriel"]) {
            return Some((Kind::Email, SURE));
        }
        if text && self.has(&["email", "mail", "emails"]) {
            return Some((Kind::Email, LIKELY));
        }
        let phones =
            ["phone", "phonenumber", "telephone", "tel", "mobile", "mobilenumber", "cellphone", "telefon", "telefono"];
        if self.is(&phones) {
            return Some((Kind::Phone, SURE));
        }
        if self.has(&["phone", "telephone", "tel", "mobile", "cellphone", "fax", "msisdn", "whatsapp", "handynummer"]) {
            return Some((Kind::Phone, LIKELY));
        }
        if self.has(&["iban"]) {
            return Some((Kind::Payment, SURE));
        }
        let ids = [
            "aadhaar",
            "bsn",
            "codicefiscale",
            "cpf",
            "curp",
            "dni",
            "driverlicense",
            "driverslicense",
            "healthinsuranceno",
            "insuranceno",
            "insurancenumber",
            "nationalinsurancenumber",
            "nino",
            "nie",
            "passportno",
            "passportnumber",
            "personnummer",
            "pesel",
            "socialsecuritynumber",
            "steuerid",
            "taxid",
            "taxnumber",
        ];
        if self.has(&["ssn", "passport", "nino", "aadhaar", "pesel", "personnummer"]) || self.is(&ids) {
            return Some((Kind::NationalId, SURE));
        }
        let cards = ["cardnumber", "cardno", "creditcard", "creditcardnumber", "ccnumber", "ccnum", "cvv", "pan"];
        if self.is(&cards) || self.is(&["accountnumber", "bankaccount", "bankaccountnumber"]) {
            return Some((Kind::Payment, SURE));
        }
        None
    }

    fn place(&self, text: bool) -> Option<(Kind, u8)> {
        if self.has(&["file", "files", "archive", "path"]) {
            return None;
        }
        let whole =
            ["zip", "zipcode", "postcode", "postalcode", "plz", "street", "streetaddress", "housenumber", "strasse"];
        if self.is(&whole) {
            return Some((Kind::Address, SURE));
        }
        if self.has(&["zip", "zipcode", "postcode", "street"]) {
            return Some((Kind::Address, LIKELY));
        }
        if !text {
            return None;
        }
        let ips = ["ip", "ipaddress", "clientip", "userip", "remoteip", "lastloginip", "ipv4", "ipv6"];
        if self.is(&ips) || (self.has(&["ip"]) && self.has(&["address", "addr"])) {
            return Some((Kind::IpAddress, SURE));
        }
        if self.has(&["mac", "web", "host", "wallet", "memory", "contract"]) {
            return None;
        }
        if self.is(&["address", "addressline1", "addressline2", "addressline3", "address1", "address2", "anschrift"]) {
            return Some((Kind::Address, SURE));
        }
        self.has(&["address", "addr"]).then_some((Kind::Address, LIKELY))
    }

    fn person(&self) -> Option<(Kind, u8)> {
        if self.has(&["gender", "sex"]) {
            return Some((Kind::Gender, SURE));
        }
        if self.has(&["password", "passwd", "pwd"]) || self.is(&["passwordhash"]) {
            return Some((Kind::Credential, SURE));
        }
        let whole =
            ["surname", "username", "firstname", "lastname", "fullname", "nickname", "forename", "vorname", "nachname"];
        if self.has(&whole) || self.is(&whole) || self.is(&["apellido", "apellidos", "prenom", "nomdefamille"]) {
            return Some((Kind::Name, SURE));
        }
        if self.has(&["login"]) {
            return Some((Kind::Name, LIKELY));
        }
        let of_people = self.table.split('_').any(|word| PEOPLE.contains(&word));
        match self.words.as_slice() {
            ["name"] if of_people => Some((Kind::Name, SURE)),
            ["display", "name"] if !of_people => None,
            [.., of, "name"] if NAME_OF.contains(of) => Some((Kind::Name, SURE)),
            _ if self.has(&[
                "agent",
                "assignee",
                "author",
                "by",
                "contact",
                "customer",
                "driver",
                "employee",
                "manager",
                "name",
                "owner",
                "person",
                "recipient",
                "rep",
                "sender",
                "signer",
                "user",
            ]) && !self.is_nobody() =>
            {
                Some((Kind::Name, MAYBE))
            }
            _ => None,
        }
    }
}
