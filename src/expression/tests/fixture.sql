-- The table of fixture.rs, to ask PostgreSQL what a new case should give.
set timezone = 'UTC'; set extra_float_digits = 1; set intervalstyle='postgres';
create temporary table t (n int, i int, b bigint, k smallint, d numeric(18,6), p numeric(4,2), w numeric(38,10), f float8, r real, s text, c text, u text, t timestamp, z timestamptz, y timestamptz, e date, o bool, q bool, v interval);
insert into t values
(1, 7,           3,                   2,    100,          1.50, 12345678901234567890.1234567890, 1.5,     0.1,  'Hello', 'BTC',  'lo',  '2024-02-29 13:45:59.123456', '2024-03-31 00:30:00Z', '2024-01-01 00:00:00Z', '2024-02-29', true,  true, '3 days'),
(2, -7,          -2,                  -3,   -0.5,         0.96, -0.0000000001,                   -2.5,    1.5,  '',      'ETH',  '',    '1999-12-31 23:59:59',        '2024-10-27 00:59:59.5Z', '2020-02-29 12:00:00Z', '1970-01-01', false, true, '1 month 2 hours'),
(3, 0,           5,                   7,    12.345678,    null, 5,                               0.1,     -7.25,'żółw',  'USDT', 'ół',  '2000-01-01 00:00:00',        '2021-06-15 12:30:15Z', null, '2023-12-31', null,  false, '-1 day 01:30:00'),
(4, null,        4,                   1,    null,         2.38, null,                            null,    null, null,    null,   'x',   null,                         null, '2021-06-15 12:30:15Z', null, true,  null, null),
(5, 2147483647,  9223372036854775807, 32767,0.000001,     99.99,3.3333333333,                    1e10,    3e10, 'a,b,c', 'BTC',  ',',   '2026-07-05 06:07:08.9',      '1969-12-31 23:59:59Z', '1970-01-01 00:00:00Z', '2020-02-29', false, null, '1 year -2 mons 00:00:00.25'),
(6, 12,          -8,                  4,    99999.999999, 0.01, -7.5,                            3.25, 2.5,  ' pad ', 'JPY',  'pad', '2024-12-30 00:00:00',        '2026-01-01 00:00:00Z', '2025-12-31 23:59:59.999999Z', '2021-01-03', true,  false, '00:00:01');
