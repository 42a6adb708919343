/* SPDX-License-Identifier: GPL-3.0-or-later */
/* report: how the parts of config tell mistakes and warnings. Text from files comes through SHOW only. */
#ifndef KEYFENCE_CONFIG_REPORT_H
#define KEYFENCE_CONFIG_REPORT_H

#include "config/config.h"

/* line and column count from 1; line 0 means the file as a whole. */
struct where {
	const char *file;
	uint32_t line, column;
};

/* Files stand in a report in the order in which they are first named. */
void report_file(struct config_report *r, const char *file);
void report_mistake(struct config_report *r, struct where at, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void report_warning(struct config_report *r, struct where at, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Foreign text for a message: escaped, cut to a readable length. Lives as long as the block it is written in. */
struct shown {
	char text[96];
};
const char *show_span(struct shown *store, struct span hostile);
#define SHOW(span) show_span(&(struct shown){ { 0 } }, span)

#endif
