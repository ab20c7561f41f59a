#include "lib/Target/Errors.h"
char strand::AlreadyReported::ID;
char strand::InternalError::ID;
