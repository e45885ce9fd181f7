-- sqlfluff:dialect:duckdb

create schema if not exists raw_shop;

create table if not exists raw_shop.orders (
    order_id bigint not null,
    customer_id bigint not null,
    status varchar not null,
    ordered_at timestamp not null,
    shipped_at timestamp,
    total_amount decimal(12, 2) not null,
    currency varchar not null,
    updated_at timestamp not null,
    primary key (order_id)
);

comment on table raw_shop.orders is 'Orders of the web shop, one row per order.';
comment on column raw_shop.orders.order_id is 'Key of the order.';
comment on column raw_shop.orders.customer_id is 'The customer who ordered.';
comment on column raw_shop.orders.status is 'Where the order stands.';
comment on column raw_shop.orders.ordered_at is 'When the order was placed (UTC).';
comment on column raw_shop.orders.shipped_at is 'When it left the warehouse; null until then.';
comment on column raw_shop.orders.total_amount is 'Value of the order in `currency`.';
comment on column raw_shop.orders.currency is 'ISO 4217 code of total_amount.';
comment on column raw_shop.orders.updated_at is 'Last change of the row in the shop.';

create table if not exists raw_shop.customers (
    customer_id bigint not null,
    first_name varchar not null,
    last_name varchar not null,
    email varchar,
    phone varchar,
    country_code varchar not null,
    birth_date date,
    created_at timestamp not null,
    updated_at timestamp not null,
    primary key (customer_id)
);

comment on table raw_shop.customers is 'Registrations of the web shop; a person can register more than once.';
comment on column raw_shop.customers.customer_id is 'Key of the registration.';
comment on column raw_shop.customers.first_name is 'Given name.';
comment on column raw_shop.customers.last_name is 'Family name.';
comment on column raw_shop.customers.email is 'E-mail address as entered.';
comment on column raw_shop.customers.phone is 'Phone number as entered.';
comment on column raw_shop.customers.country_code is 'ISO 3166 code of the country.';
comment on column raw_shop.customers.birth_date is 'Date of birth.';
comment on column raw_shop.customers.created_at is 'When the person registered (UTC).';
comment on column raw_shop.customers.updated_at is 'Last change of the row in the shop.';
