/* SPDX-License-Identifier: GPL-3.0-or-later */
/* list: rings of row numbers, so that a bounded table can hold its rows in order, in buckets or by age without
 * an allocation. Rows and heads share one array of links; the owner says which numbers are heads. */
#ifndef KEYFENCE_LEDGER_LIST_H
#define KEYFENCE_LEDGER_LIST_H

#include <stdbool.h>
#include <stdint.h>

struct link {
	uint32_t prev, next;
};

static inline void list_init(struct link *links, uint32_t head)
{
	links[head] = (struct link){ head, head };
}
static inline bool list_empty(const struct link *links, uint32_t head)
{
	return links[head].next == head;
}

static inline void list_append(struct link *links, uint32_t head, uint32_t row)
{
	links[row] = (struct link){ links[head].prev, head };
	links[links[row].prev].next = row;
	links[head].prev = row;
}

static inline void list_remove(struct link *links, uint32_t row)
{
	links[links[row].prev].next = links[row].next;
	links[links[row].next].prev = links[row].prev;
	list_init(links, row);
}

#endif
