/* SPDX-License-Identifier: GPL-3.0-or-later */
/* writer: lays a book out. Rows are appended section by section in any order, then the image is made at once.
 * Allocates; used by config (and tests), never by readers. */
#ifndef KEYFENCE_BOOK_WRITER_H
#define KEYFENCE_BOOK_WRITER_H

#include "book/book.h"

struct book_writer;

struct book_writer *book_writer_new(void); /* NULL: no memory. Rows 0 and 1 of services and row 0 of components are there */
void book_writer_free(struct book_writer *w);

/* A text of the image; equal texts share bytes. {0, 0} is "". Any failure is sticky: book_writer_image tells. */
struct book_text book_write_text(struct book_writer *w, struct span text);
/* Appends one element (of the section's element size) and returns its row. */
size_t book_write(struct book_writer *w, enum book_section_id id, const void *element);
size_t book_written(const struct book_writer *w, enum book_section_id id);
/* An element already written, to be changed; NULL if there is no such row. Valid until the next book_write. */
void *book_row(struct book_writer *w, enum book_section_id id, size_t row);
/* A text written before; valid until the next book_write_text. */
struct span book_written_text(const struct book_writer *w, struct book_text t);
/* Sorts NAME, SITE, PREFIX, and each source's ranges, and fills `parent`; then lays the image out in memory of
 * its own (8-byte aligned; free() it). 0 or -errno. */
int book_writer_image(struct book_writer *w, uint32_t generation, uint8_t **ret_image, size_t *ret_bytes);

size_t book_element_bytes(enum book_section_id id);

#endif
