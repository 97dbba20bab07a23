/* version.h - the one place that says which Lifeboat this is. */
#ifndef BASE_VERSION_H
#define BASE_VERSION_H

#define LIFEBOAT_VERSION "0.1.0"

#endif
