package Lab::Control;
# Lab::Control - the driver's side of cunit/lab/interpose.h
#
#   my $lab = Lab::Control->new($file, roots => ["$dir/conf", "$dir/spool"], except => [...]);
#   local @ENV{qw(LAB_CONTROL LD_PRELOAD)} = ($file, $lab->library);    # for what is started now
#   $lab->rule(0, mask => 'changes', action => 'KILL', from => 7, program => 'imapd');
#   $lab->on;  ...  $lab->off;
#   $lab->counter(0); $lab->fired(0); $lab->calls('FSYNC'); $lab->last;
#
# The block is shared memory of the programs and a plain file here.
use strict;
use warnings;
use Fcntl qw(SEEK_SET O_RDWR O_CREAT O_TRUNC);

our @CALLS = qw(CREATE WRITE PWRITE WRITEV PWRITEV FSYNC FDATASYNC SYNCFS SYNC_RANGE RENAME LINK UNLINK MKDIR
    RMDIR TRUNCATE FALLOCATE COPY_RANGE UTIMES CHMOD OPEN READ PREAD MMAP LOCK SEND RECV SOCKET ACCEPT CONNECT
    PIPE DUP FORK POLL MMAP_ANON MALLOC);
our @ACTIONS = qw(COUNT KILL KILL_AFTER KILL_GROUP KILL_GROUP_AFTER ERRNO ERRNO_AFTER SHORT DELAY SKIP TEAR
    LATER SWALLOW);
my %CALL = map { $CALLS[$_] => $_ } 0 .. $#CALLS;
my %ACTION = map { $ACTIONS[$_] => $_ } 0 .. $#ACTIONS;

# Offsets in struct lab_control.
use constant { ENABLED => 12, GROUP => 16, RECORD => 20, LOG_SIZE => 24,
    LOG_USED => 32, LOG_FULL => 44, COUNTS => 48, LAST => 560, ROOTS => 856, EXCEPT => 1880, RULES => 2904,
    RULE_SIZE => 160, RULE_COUNTER => 8, RULE_FIRED => 56, NRULES => 8, NROOTS => 4, PATH => 256, SIZE => 4184 };

# A set of calls: 'changes', 'syncs', a number, or names with blanks between them.
sub mask {
    my ($what) = @_;
    return $what if $what =~ /^\d+$/;
    my $mask = 0;
    for my $word (split ' ', $what) {
        if ($word eq 'changes') { $mask |= (1 << $CALL{CHMOD} + 1) - 1 }
        elsif ($word eq 'syncs') { $mask |= 1 << $CALL{$_} for qw(FSYNC FDATASYNC SYNCFS SYNC_RANGE) }
        else { $mask |= 1 << ($CALL{$word} // die "Lab::Control: no call '$word'\n") }
    }
    return $mask;
}

sub new {
    my ($class, $file, %o) = @_;
    sysopen my $fh, $file, O_RDWR | O_CREAT | O_TRUNC or die "$file: $!";
    chmod 0666, $file;
    my $self = bless { file => $file, fh => $fh }, $class;
    my $list = sub { return join '', map { pack 'a' . PATH, $_ // '' } @_[0 .. NROOTS - 1] };
    $self->_put(0, "\0" x SIZE);
    $self->_put(0, pack "L L L", 0x74726c31, 0x4c616243, 1);
    $self->_put(ROOTS, $list->(@{ $o{roots} || [] }));
    $self->_put(EXCEPT, $list->(@{ $o{except} || [] }));
    return $self;
}

# The built library.
sub library {
    my ($self, $name) = @_;
    my $path = "$Halcyon::Test::Build/cunit/lab/" . ($name // 'liblab.so');
    die "$path is not built: run make first\n" unless -e $path;
    return $path;
}

# Run the code with the laboratory in the environment of what it starts.
sub around {
    my ($self, $code) = @_;
    local $ENV{LAB_CONTROL} = $self->{file};
    local $ENV{LD_PRELOAD} = join ' ', $self->library, $ENV{LD_PRELOAD} // ();
    local $ENV{ASAN_OPTIONS} = join ':', $ENV{ASAN_OPTIONS} // (), 'verify_asan_link_order=0';
    return $code->();
}

sub _put {
    my ($self, $at, $bytes) = @_;
    sysseek $self->{fh}, $at, SEEK_SET or die "seek: $!";
    (syswrite $self->{fh}, $bytes) == length $bytes or die "$self->{file}: $!";
}

sub _get {
    my ($self, $at, $n) = @_;
    sysseek $self->{fh}, $at, SEEK_SET or die "seek: $!";
    my $bytes;
    sysread $self->{fh}, $bytes, $n;
    return $bytes;
}

sub on { my ($self) = @_; $self->_put(ENABLED, pack 'L', 1) }
sub off { my ($self) = @_; $self->_put(ENABLED, pack 'L', 0) }
sub group { my ($self, $pid) = @_; $self->_put(GROUP, pack 'L', $pid) }

# Set rule n (counters start again); without more words it is taken out of use.
sub rule {
    my ($self, $n, %o) = @_;
    my $action = $ACTION{ $o{action} // 'COUNT' } // die "Lab::Control: no action '$o{action}'\n";
    my $from = $o{from} // 0;
    $self->_put(RULES + $n * RULE_SIZE, pack 'Q4 L2 Q3 a32 a64', $o{mask} ? mask($o{mask}) : 0, 0, $from,
        $o{until} // $from, $action, $o{error} // 0, $o{delay_us} // 0, $o{count} // 0, 0, $o{program} // '', $o{path} // '');
}

sub counter { my ($self, $n) = @_; return unpack 'Q', $self->_get(RULES + $n * RULE_SIZE + RULE_COUNTER, 8) }
sub fired { my ($self, $n) = @_; return unpack 'Q', $self->_get(RULES + $n * RULE_SIZE + RULE_FIRED, 8) }
sub calls { my ($self, $name) = @_; return unpack 'Q', $self->_get(COUNTS + 8 * $CALL{$name}, 8) }

# Where the last action was: "lmtpd FSYNC /path".
sub last {
    my ($self) = @_;
    my ($pid, $call, $program, $path) = unpack 'L L Z32 Z256', $self->_get(LAST, 8 + 32 + PATH);
    return "$program $CALLS[$call] $path";
}

# ---- recording
sub record {
    my ($self, $size) = @_;
    my $log = "$self->{file}.log";
    open my $fh, '>', $log or die "$log: $!";
    truncate $fh, $size or die "$log: $!";
    close $fh;
    chmod 0666, $log;
    $self->_put(LOG_SIZE, pack 'Q Q', $size, 0);
    $self->_put(RECORD, pack 'L', 1);
    return $log;
}

sub log_used { my ($self) = @_; return unpack 'Q', $self->_get(LOG_USED, 8) }
sub log_full { my ($self) = @_; return unpack 'L', $self->_get(LOG_FULL, 4) }

1;
