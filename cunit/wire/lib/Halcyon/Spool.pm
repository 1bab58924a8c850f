package Halcyon::Spool;
# Halcyon::Spool - reads the files of a stopped instance and says what is wrong with them
#
#   is_deeply([ Halcyon::Spool::problems($i) ], [], 'the store is sound');
#
# Written from the description of the formats (mailbox directory of index version 17, quotalegacy),
# not from our C code: recomputes every checksum, count, size, digest and quota it can.
use strict;
use warnings;
use Compress::Raw::Zlib qw(crc32);
use Digest::SHA qw(sha1_hex);
use File::Find ();

use constant { HEADER => 160, RECORD => 112, UNLINKED => 1 << 30, EXPUNGED => 1 << 31 };
my @SYSTEM_FLAGS = qw(\answered \flagged \deleted \draft \seen);

sub _slurp {
    my ($path) = @_;
    open my $fh, '<:raw', $path or return undef;
    local $/;
    return scalar(<$fh>) // '';
}

# All problems of an instance, one text each: mailboxes, quotas, left-over stage files.
sub problems {
    my ($i) = @_;
    my (@bad, %usage, %seen);
    for my $dir (mailbox_dirs($i)) {
        my ($mailbox, @problems) = check_mailbox($dir);
        push @bad, @problems;
        next unless $mailbox;
        push @bad, "$dir: uniqueid $mailbox->{uniqueid} also belongs to $seen{ $mailbox->{uniqueid} }" if $seen{ $mailbox->{uniqueid} };
        $seen{ $mailbox->{uniqueid} } = $dir;
        my $root = $mailbox->{quotaroot} // next;
        $usage{$root}{S} += $mailbox->{used};
        $usage{$root}{M} += $mailbox->{exists};
        $usage{$root}{NF}++;
    }
    push @bad, check_quota($i, %usage);
    push @bad, map { "stage file left over: $_" } grep { -f } glob "$i->{dir}/spool/stage./*";
    push @bad, map { "unfinished replacement: $_" } left_over($i);
    return @bad;
}

sub left_over {
    my ($i) = @_;
    my @found;
    File::Find::find({ no_chdir => 1, wanted => sub { push @found, $_ if /\.NEW\z/ } }, "$i->{dir}/conf", "$i->{dir}/spool");
    return @found;
}

# Directories that hold a mailbox; one with the DELETED option is a removal that was interrupted.
sub mailbox_dirs {
    my ($i) = @_;
    my @dirs;
    File::Find::find({ no_chdir => 1, wanted => sub { push @dirs, $File::Find::dir if m{/cyrus\.index\z} } }, "$i->{dir}/spool");
    return sort @dirs;
}

# ---- cyrus.header: magic, then one dlist line; the few fields needed here
sub read_header {
    my ($dir) = @_;
    my $text = _slurp("$dir/cyrus.header") // return undef;
    my ($line) = $text =~ /\A\xa1\x02\x8b\x0dCyrus mailbox header\n.*?--Jim Morris on Andrew\n%\((.*)\)\n\z/s or return undef;
    my $value = qr/[^\s()]+|"(?:[^"\\]|\\.)*"/;
    my %h = (crc => crc32($text));
    ($h{uniqueid}) = $line =~ /(?:^| )I ($value)/;
    ($h{name}) = $line =~ /(?:^| )N ($value)/;
    ($h{quotaroot}) = $line =~ /(?:^| )Q ($value)/;
    my ($flags) = $line =~ /(?:^| )U \((.*?)\)/;
    $h{flags} = [ split ' ', $flags // '' ];
    return \%h;
}

sub _u32 { my ($bytes, $at) = @_; return unpack 'N', substr $bytes, $at, 4 }
sub _u64 { my ($bytes, $at) = @_; return unpack 'Q>', substr $bytes, $at, 8 }

sub read_record {
    my ($bytes) = @_;
    my %r;
    @r{qw(uid internaldate size header_size last_updated flags)} = map { _u32($bytes, $_) } 0, 4, 12, 16, 28, 32;
    $r{cache_offset} = _u32($bytes, 24) | (_u32($bytes, 56) >> 16) << 32;
    $r{user_flags} = [ map { _u32($bytes, $_) } 36, 40, 44, 48 ];
    $r{savedate} = _u32($bytes, 52);
    $r{guid} = unpack 'H*', substr $bytes, 60, 20;
    $r{modseq} = _u64($bytes, 80);
    $r{cid} = _u64($bytes, 88);
    $r{createdmodseq} = _u64($bytes, 96);
    $r{cache_crc} = _u32($bytes, 104);
    $r{bad_crc} = crc32(substr $bytes, 0, 108) != _u32($bytes, 108);
    return \%r;
}

# Contribution of one record to the two sync CRCs (no stored message annotations).
sub sync_crcs {
    my ($r, $names) = @_;
    my $flagcrc = 0;
    for my $n (0 .. $#SYSTEM_FLAGS) {
        $flagcrc ^= crc32($SYSTEM_FLAGS[$n]) if $r->{flags} & 1 << $n;
    }
    for my $n (0 .. $#$names) {
        $flagcrc ^= crc32(lc $names->[$n]) if $r->{user_flags}[ $n >> 5 ] & 1 << ($n & 31);
    }
    my $basic = crc32("$r->{uid} $r->{modseq} $r->{last_updated} ($flagcrc) $r->{internaldate} $r->{guid}");
    my $annot = 0;
    my %virtual = (thrid => $r->{cid} ? sprintf('%x', $r->{cid}) : undef, savedate => $r->{savedate} || undef,
                   createdmodseq => $r->{createdmodseq} || undef);
    for my $name (grep { defined $virtual{$_} } keys %virtual) {
        $annot ^= crc32("$r->{uid} /vendor/cmu/cyrus-imapd/$name  $virtual{$name}");
    }
    return ($basic, $annot);
}

# Length of the cache record at an offset, or undef: ten items, each padded to four bytes.
sub cache_length {
    my ($cache, $offset) = @_;
    my $at = $offset;
    for (1 .. 10) {
        return undef if $at + 4 > length $cache;
        $at += 4 + ((_u32($cache, $at) + 3) & ~3);
        return undef if $at > length $cache;
    }
    return $at - $offset;
}

# One mailbox directory.  Returns its facts (or undef) and the problems.
sub check_mailbox {
    my ($dir) = @_;
    my @bad;
    my $complain = sub { push @bad, "$dir: $_[0]" };
    my $index = _slurp("$dir/cyrus.index") // '';
    my $header = read_header($dir);
    return (undef, "$dir: cyrus.header cannot be read") unless $header;
    return (undef, "$dir: cyrus.index is too short") if length $index < HEADER;
    my %h;
    @h{qw(generation format version start record_size n)} = unpack 'N6', $index;
    @h{qw(last_uid deleted answered flagged options exists header_crc basic annot unseen)} =
        map { _u32($index, $_) } 28, 48, 52, 56, 60, 84, 96, 100, 120, 124;
    $h{used} = _u64($index, 32);
    $h{highestmodseq} = _u64($index, 68);
    return (undef) if $h{options} & 1 << 31;
    $complain->('index header CRC') if crc32(substr $index, 0, 156) != _u32($index, 156);
    $complain->("index version $h{version}, start $h{start}, record size $h{record_size}")
        if $h{version} != 17 || $h{start} != HEADER || $h{record_size} != RECORD;
    return (undef, @bad) if @bad;
    $complain->('header_file_crc is not that of cyrus.header') if $h{header_crc} && $h{header_crc} != $header->{crc};
    if (length $index < HEADER + $h{n} * RECORD) {
        $complain->("index holds fewer records than $h{n}");
        return (undef, @bad);
    }
    my $cache = _slurp("$dir/cyrus.cache");
    my %sum = (used => 0, exists => 0, deleted => 0, answered => 0, flagged => 0, unseen => 0, basic => 0, annot => 12345678);
    my ($last, %uid) = (0);
    for my $n (0 .. $h{n} - 1) {
        my $r = read_record(substr $index, HEADER + $n * RECORD, RECORD);
        my $uid = $r->{uid};
        $uid{$uid} = $r;
        $complain->("record $uid: CRC") if $r->{bad_crc};
        $complain->("record $uid follows $last") if $uid <= $last;
        $last = $uid;
        $complain->("record $uid: modseq $r->{modseq} above $h{highestmodseq}") if $r->{modseq} > $h{highestmodseq};
        push @bad, map { "$dir: uid $uid: $_" } check_message("$dir/$uid.", $r, $cache);
        next if $r->{flags} & EXPUNGED;
        $sum{exists}++;
        $sum{used} += $r->{size};
        $sum{answered}++ if $r->{flags} & 1;
        $sum{flagged}++ if $r->{flags} & 2;
        $sum{deleted}++ if $r->{flags} & 4;
        $sum{unseen}++ unless $r->{flags} & 16;
        my ($basic, $annot) = sync_crcs($r, $header->{flags});
        $sum{basic} ^= $basic;
        $sum{annot} ^= $annot;
    }
    $complain->("last uid $last above $h{last_uid}") if $last > $h{last_uid};
    for my $field (sort keys %sum) {
        $complain->("index header says $field $h{$field}, counted $sum{$field}") if $h{$field} != $sum{$field};
    }
    for my $path (glob "$dir/*.") {
        my ($uid) = $path =~ m{/(\d+)\.\z} or next;
        $complain->("file $uid. belongs to no record") unless $uid{$uid};
    }
    return ({ %$header, %h, records => \%uid }, @bad);
}

sub check_message {
    my ($path, $r, $cache) = @_;
    my @bad;
    my $text = _slurp($path);
    if (!defined $text) {
        push @bad, 'the message file is missing' unless $r->{flags} & UNLINKED;
    } else {
        push @bad, 'size ' . length($text) . ", the record says $r->{size}" if length $text != $r->{size};
        push @bad, 'digest differs' if sha1_hex($text) ne $r->{guid};
        push @bad, 'file time is not the internal date' if (stat $path)[9] != $r->{internaldate};
        my $header_size = $text =~ /\A\r\n/ ? 2 : $text =~ /\r\n\r\n/ ? $+[0] : length $text;
        push @bad, "header size $r->{header_size}, counted $header_size" if $r->{header_size} != $header_size;
    }
    if ($r->{cache_offset} && defined $cache) {
        my $length = cache_length($cache, $r->{cache_offset});
        push @bad, 'the cache record is broken' unless defined $length && crc32(substr $cache, $r->{cache_offset}, $length) == $r->{cache_crc};
    } elsif (!($r->{flags} & UNLINKED)) {
        push @bad, 'no cache record';
    }
    return @bad;
}

# Quota files against what the mailboxes below them add up to.
sub check_quota {
    my ($i, %usage) = @_;
    my @bad;
    my $top = "$i->{dir}/conf/quota";
    return @bad unless -d $top;
    my @files;
    File::Find::find({ no_chdir => 1, wanted => sub { push @files, $_ if -f && !/\.(?:NEW|lock)\z/ } }, $top);
    for my $file (@files) {
        my $text = _slurp($file);
        (my $root = $file) =~ s{.*/}{};
        $root =~ s/\n\z//;
        for my $res (qw(S M NF)) {
            my ($used) = $text =~ /[( ]$res \((\d+)/ or next;
            my $sum = $usage{$root}{$res} // 0;
            push @bad, "quota $root: $res used $used, counted $sum" if $used != $sum;
        }
    }
    return @bad;
}

1;
