-- sqlfluff:dialect:snowflake

create schema if not exists raw_shop;

create table if not exists raw_shop.orders (
    order_id number(38, 0) not null comment 'Key of the order.',
    customer_id number(38, 0) not null comment 'The customer who ordered.',
    status varchar not null comment 'Where the order stands.',
    ordered_at timestamp_ntz not null comment 'When the order was placed (UTC).',
    shipped_at timestamp_ntz comment 'When it left the warehouse; null until then.',
    total_amount number(12, 2) not null comment 'Value of the order in `currency`.',
    currency varchar not null comment 'ISO 4217 code of total_amount.',
    updated_at timestamp_ntz not null comment 'Last change of the row in the shop.',
    primary key (order_id)
)
comment = 'Orders of the web shop, one row per order.';

create table if not exists raw_shop.customers (
    customer_id number(38, 0) not null comment 'Key of the registration.',
    first_name varchar not null comment 'Given name.',
    last_name varchar not null comment 'Family name.',
    email varchar comment 'E-mail address as entered.',
    phone varchar comment 'Phone number as entered.',
    country_code varchar not null comment 'ISO 3166 code of the country.',
    birth_date date comment 'Date of birth.',
    created_at timestamp_ntz not null comment 'When the person registered (UTC).',
    updated_at timestamp_ntz not null comment 'Last change of the row in the shop.',
    primary key (customer_id)
)
comment = 'Registrations of the web shop; a person can register more than once.';
