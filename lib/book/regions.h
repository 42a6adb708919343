/* SPDX-License-Identifier: GPL-3.0-or-later */
/* regions: the regions that are built in, and which two letters are a country at all.
 * Source: ISO 3166-1 (249 alpha-2 codes, 2024), and XK for Kosovo, which is user-assigned there but told by
 * every database of addresses. EU: the 27 member states of 2020-02-01 on. EEA: the EU with IS, LI and NO (EEA
 * Agreement, article 126). Continents: UN M49 (AM, AZ, CY, GE and TR are Asia there, RU is Europe; northern
 * and central America and the Caribbean are north-america); M49 does not list TW (asia) and XK (europe). */
#ifndef KEYFENCE_BOOK_REGIONS_H
#define KEYFENCE_BOOK_REGIONS_H

#include "words/values.h"

/* The name of the i-th built-in region, and its countries as in struct book_region; NULL behind the last. */
const char *region_builtin(size_t i, uint64_t ret_bits[11]);
/* Whether it is one of the 249 codes, or XK. */
bool country_known(country c);

#endif
